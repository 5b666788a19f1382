"""The Retry-After header as servers really send it."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime


def read_retry_after(header: str, now: datetime) -> float | None:
    """Seconds to wait, from delta-seconds or an HTTP date (RFC 9110, 10.2.3); None where it says neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):
        return None
