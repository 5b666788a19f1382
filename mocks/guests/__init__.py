"""Guests: code of others that runs in this process, in virtual time, as the integration under test."""
