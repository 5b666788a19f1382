"""Where the partners are found."""

from __future__ import annotations

import msgspec


class PartnerAt(msgspec.Struct, frozen=True):
    """A partner as the environment names it."""

    name: str
    """Its name."""
    kind: str
    """Its kind: what can be asked of it."""
    url: str
    """Where its operations begin."""
    role: str = ""
    """What it is to the integration."""
    token: str = ""
    """The first token, where it wants one."""
    webhook_secret: str = ""
    """What its webhooks are signed with, where they are."""
