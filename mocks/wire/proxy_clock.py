"""The business clock as the proxy keeps it: told once by the world, then carried on by the proxy's own loop."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


def unix_now() -> float:
    """Seconds since 1970: the one clock that two processes share."""
    return time.time()


def wall_now() -> datetime:
    """The real date, for headers that a program compares with its own clock."""
    return datetime.fromtimestamp(unix_now(), UTC)


class BusinessClock:
    """Second of the run at this moment; states: running, frozen."""

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace
        self._origin: float | None = None
        self._still = 0.0
        self._time = asyncio.get_running_loop().time

    def now(self) -> float:
        """Second of the run."""
        return self._still if self._origin is None else (self._time() - self._origin) * self.pace

    def run(self, business_now: float, at: float) -> None:
        """Go on from a second of the run that it was at a moment of unix time."""
        since = unix_now() - at
        self._origin = self._time() - since - business_now / self.pace

    def stop(self, business_now: float) -> None:
        """Stand still."""
        self._still, self._origin = business_now, None
