"""The trading day: times of day and weekdays on the run's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

DAY = 86_400.0
"""Seconds of a day; the trading calendar knows no daylight saving."""


class TradingDay(msgspec.Struct, frozen=True):
    """Business time over the run's clock, which counts seconds from `start`."""

    start: datetime
    """Wall-clock time, UTC, at second 0 of the run."""

    @property
    def offset(self) -> float:
        """Seconds from midnight to the start of the run."""
        at = self.start
        return at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6

    def time_of_day(self, now: float) -> float:
        """Seconds since midnight."""
        return (now + self.offset) % DAY

    def next_at(self, time_of_day: float, now: float) -> float:
        """First second of the run, not before now, with this time of day."""
        return now + (time_of_day - self.time_of_day(now)) % DAY

    def is_open(self, opens: float, closes: float, now: float) -> bool:
        """Whether now lies in daily opening hours, which may span midnight; equal bounds: always open."""
        if opens == closes:
            return True
        at = self.time_of_day(now)
        return opens <= at < closes if opens < closes else at >= opens or at < closes

    def wall(self, now: float) -> datetime:
        """Wall-clock time of a second of the run."""
        return self.start.replace(tzinfo=self.start.tzinfo or UTC) + timedelta(seconds=now)
