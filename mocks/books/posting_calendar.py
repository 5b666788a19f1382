"""The calendar of the books: when the office is open, and which months still take postings."""

from __future__ import annotations

from datetime import timedelta

from seatrial.mocks.books.opening_hours import OpeningHours
from seatrial.sim.call import Call
from seatrial.sim.errors import Rejected
from seatrial.sim.tradingday import TradingDay
from seatrial.sim.units import short_duration


class NightGate:
    """A gate that is shut at night. Raises Rejected 503 `closed_for_the_night` with the seconds until it opens."""

    __slots__ = ("_hours",)

    def __init__(self, opens: str, closes: str, day: TradingDay) -> None:
        self._hours = OpeningHours(day, opens, closes)

    def admit(self, call: Call, now: float) -> float:
        """Nobody waits in front of an open gate."""
        wait = self._hours.opening(now) - now
        if wait <= 0:
            return 0.0
        text = f"{call.operation}: closed for the night · opens in {short_duration(wait)} · try again then"
        raise Rejected("closed_for_the_night", text, status=503, retry_after=wait)


class PostingPeriods:
    """Calendar months; each is locked some time after its end. Raises Rejected 422 `period_closed`."""

    __slots__ = ("_day", "_locks_after", "_next_lock", "_open_from")

    def __init__(self, locks_after: float, day: TradingDay) -> None:
        self._locks_after = locks_after
        self._day = day
        self._open_from = self._next_lock = float("-inf")

    def check(self, posted_at: float, now: float) -> None:
        """Whether a posting date, second of the run, lies in an open month."""
        if now >= self._next_lock:
            self._turn(now)
        if posted_at < self._open_from:
            date, first = self._day.wall(posted_at), self._day.wall(self._open_from)
            raise Rejected(
                "period_closed",
                f"posting date {date:%Y-%m-%d} lies in a closed period · open from {first:%Y-%m-%d} · "
                "post with a date in the open period",
            )

    def _turn(self, now: float) -> None:
        """Find the first month that is open now, and when it will be locked."""
        if self._locks_after == float("inf"):
            self._next_lock = self._locks_after
            return
        first = self._day.wall(now - self._locks_after).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        end = (first + timedelta(days=31)).replace(day=1)
        start = self._day.wall(0.0)
        self._open_from = (first - start).total_seconds()
        self._next_lock = (end - start).total_seconds() + self._locks_after
