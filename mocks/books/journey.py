"""The journey of a parcel through a carrier's network: when it reaches which milestone."""

from __future__ import annotations

from typing import NamedTuple

from seatrial.mocks.messages.carrier import Stage
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.tradingday import DAY, TradingDay

_PLAIN: tuple[Stage, ...] = ("picked_up", "in_transit", "out_for_delivery", "delivered")
_DELAYED: tuple[Stage, ...] = ("picked_up", "in_transit", "exception", "out_for_delivery", "delivered")
_REFUSED: tuple[Stage, ...] = ("picked_up", "in_transit", "out_for_delivery", "return_to_sender")
_HOUR = 3600.0
_DIGIT = 4096.0


class Journey(NamedTuple):
    """Milestones in order, and the second of the run at which each is reached."""

    stages: tuple[Stage, ...]
    """The milestones."""
    times: tuple[float, ...]
    """When, rising."""


class Network:
    """A carrier's timetable: line-haul trucks leave in the evening, vans in the morning, and doors are knocked on
    in the hours after; or trucks and vans leave at regular intervals.
    """

    __slots__ = ("_day", "_delay", "_every", "_exceptions", "_line_haul", "_refusals", "_spread", "_tour", "_vans")

    def __init__(self, day: TradingDay, timetable: Timetable, trouble: Trouble) -> None:
        self._day = day
        self._line_haul = timetable.line_haul
        self._vans = timetable.vans
        self._every = float(timetable.every)
        self._spread = float(timetable.spread)
        self._tour = float(timetable.tour)
        self._exceptions = float(trouble.exceptions)
        self._refusals = float(trouble.refusals)
        self._delay = float(trouble.delay)

    def plan(self, now: float, days: int, chance: float) -> Journey:
        """The journey of a parcel that was picked up now, `days` in transit. `chance` is one number in [0, 1)."""
        # One draw is enough for four independent ones: each takes other digits of it.
        first, rest = divmod(chance * _DIGIT, 1.0)
        second, rest = divmod(rest * _DIGIT, 1.0)
        third, luck = divmod(rest * _DIGIT, 1.0)
        left = self._departure(self._line_haul, now) + first / _DIGIT * self._spread
        ready = left + (days - 1) * DAY
        if luck < self._exceptions:
            obstacle = left + _HOUR
            van, door = self._last_mile(max(ready, obstacle) + self._delay, second, third)
            return Journey(_DELAYED, (now, left, obstacle, van, door))
        van, door = self._last_mile(ready, second, third)
        return Journey(_REFUSED if luck >= 1.0 - self._refusals else _PLAIN, (now, left, van, door))

    def _last_mile(self, ready: float, second: float, third: float) -> tuple[float, float]:
        van = self._departure(self._vans, ready) + second / _DIGIT * self._spread
        return van, van + (0.1 + 0.9 * third / _DIGIT) * self._tour

    def _departure(self, time_of_day: float, now: float) -> float:
        return now + self._every - now % self._every if self._every else self._day.next_at(time_of_day, now)


class Timetable(NamedTuple):
    """When trucks and vans leave."""

    line_haul: float
    """Trucks, in seconds since midnight."""
    vans: float
    """Vans, likewise."""
    every: Seconds
    """Seconds between two departures of either, in place of these; 0: once a day."""
    spread: Seconds
    """Seconds over which departures are spread."""
    tour: Seconds
    """Seconds that a van is out."""


class Trouble(NamedTuple):
    """What goes wrong on the road by itself."""

    exceptions: Share
    """Share of the parcels that meet an obstacle and arrive late."""
    refusals: Share
    """Share of the parcels that cannot be handed over and go back."""
    delay: Seconds
    """Time that an obstacle costs."""
