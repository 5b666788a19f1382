"""The reference integrations that sail the course: resilient, retrying and naive."""
