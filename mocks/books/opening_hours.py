"""Opening hours: when people work, and until when work that comes in is still begun today."""

from __future__ import annotations

from seatrial.sim.errors import BadInput
from seatrial.sim.moments import parse_time_of_day
from seatrial.sim.tradingday import DAY, TradingDay


class OpeningHours:
    """Daily hours, which may span midnight; equal bounds: always open.

    Raises BadInput for a time of day that is none, and for a cut-off outside the hours.
    """

    __slots__ = ("_closes", "_cut_off", "_day", "_opens")

    def __init__(self, day: TradingDay, opens: str, closes: str, cut_off: str = "") -> None:
        self._day = day
        self._opens = parse_time_of_day(opens)
        self._closes = (parse_time_of_day(closes) - self._opens) % DAY or DAY  # seconds after opening
        self._cut_off = self._closes
        if cut_off:
            self._cut_off = (parse_time_of_day(cut_off) - self._opens) % DAY
            if not 0 < self._cut_off <= self._closes:
                raise BadInput("a cut-off lies between opening and closing", value=cut_off, hint=f"{opens} to {closes}")

    def opening(self, now: float) -> float:
        """First second of the run, not before now, within the hours."""
        return self._before(self._closes, now)

    def begin(self, now: float) -> float:
        """First second of the run at which work that comes in now is begun: after the cut-off, the next opening."""
        return self._before(self._cut_off, now)

    def _before(self, limit: float, now: float) -> float:
        elapsed = (self._day.time_of_day(now) - self._opens) % DAY
        return now if elapsed < limit else now + DAY - elapsed
