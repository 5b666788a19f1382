"""The Retry-After header as servers really send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from math import isfinite


def write_retry_after(text: str, ahead: float, now: datetime) -> str:
    """The header's value: the HTTP date so many seconds ahead, cut to whole seconds as such dates are, or the text."""
    return format_datetime((now + timedelta(seconds=ahead)).astimezone(UTC), usegmt=True) if ahead else text


def read_retry_after(header: str, now: datetime) -> float | None:
    """Seconds to wait, from delta-seconds or an HTTP date (RFC 9110, 10.2.3); None where it says neither."""
    try:
        seconds = float(header)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if isfinite(seconds) else None
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):
        return None
