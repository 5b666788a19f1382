"""Arrival curves: when shoppers come - evenly, by chance, by the hour of the day, or all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf, log

import msgspec

from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import PerSecond, Seconds

HOUR = 3600.0
_TICK = 1e-6
SHOPPING_DAY = (2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 9, 8, 8, 8, 8, 9, 10, 12, 13, 12, 8, 4)
"""Orders in each hour of the day, relative to each other: quiet nights, a peak in the evening."""

Pace = tuple[float, float]
"""Orders per second, and the second of the run until which they come at this rate."""


class _Curve(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of the curves."""

    rate: PerSecond
    """Orders per unit of time, on average."""

    def pace(self, now: float, midnight: float) -> Pace:
        """The rate at a second of the run; `midnight` is the second of a midnight not after the start."""
        return self.rate, inf

    def check(self) -> None:
        """Raises BadInput where nobody would ever come."""
        if not 0 < self.rate < inf:
            raise BadInput("orders come at a rate above zero", value=float(self.rate), hint="write `rate: 200/h`")


class Constant(_Curve, frozen=True, tag="constant"):
    """One after the other, at equal distances."""


class Poisson(_Curve, frozen=True, tag="poisson"):
    """By chance, at the same rate at all hours."""


class Daily(_Curve, frozen=True, tag="daily"):
    """By chance, following the hours of the day."""

    hours: tuple[float, ...] = SHOPPING_DAY
    """Weights of the 24 hours of a day, from midnight on."""

    def pace(self, now: float, midnight: float) -> Pace:
        """The rate of the hour."""
        hours = (now - midnight) // HOUR
        weight = self.hours[int(hours) % 24]
        return self.rate * weight * 24 / sum(self.hours), midnight + (hours + 1) * HOUR

    def check(self) -> None:
        """Raises BadInput where a day has not 24 hours, or none with shoppers."""
        super().check()
        if len(self.hours) != 24 or min(self.hours) < 0 or not 0 < sum(self.hours) < inf:
            raise BadInput("a daily curve needs 24 weights, zero or above, not all zero", value=self.hours)


class Burst(_Curve, frozen=True, tag="burst"):
    """By chance, with a rush that multiplies the rate for a while: a campaign, a sale, a broadcast."""

    at: Seconds = Seconds(HOUR)
    """Seconds from the start of the run to the first rush."""
    lasts: Seconds = Seconds(HOUR / 4)
    """Seconds that a rush lasts."""
    factor: float = 10.0
    """How many times more orders come in a rush."""
    every: Seconds = Seconds(inf)
    """Seconds from one rush to the next; `inf`: there is only one."""

    def pace(self, now: float, midnight: float) -> Pace:
        """The rate in or between rushes."""
        if now < self.at:
            return self.rate, self.at
        begin = self.at if self.every == inf else self.at + (now - self.at) // self.every * self.every
        if now < begin + self.lasts:
            return self.rate * self.factor, begin + self.lasts
        return self.rate, begin + self.every

    def check(self) -> None:
        """Raises BadInput for rushes that overlap, or that nobody comes to."""
        super().check()
        if self.lasts > self.every or not 0 < self.factor < inf:
            value = f"lasts {self.lasts:g} s, every {self.every:g} s, factor {self.factor:g}"
            raise BadInput("rushes must not overlap, and need a factor above zero", value=value)


Arrivals = Constant | Poisson | Daily | Burst
"""Every arrival curve."""


def moments(arrivals: Arrivals, midnight: float, draw: Callable[[], float]) -> Iterator[float]:
    """Seconds of the run at which shoppers come, without end; `draw` gives numbers in [0, 1)."""
    arrivals.check()
    even, pace, now = isinstance(arrivals, Constant), arrivals.pace, 0.0
    rate, until = pace(now, midnight)
    while True:
        wanted = 1.0 if even else -log(1.0 - draw())
        while (come := rate * (until - now)) < wanted:
            wanted -= come
            now = max(until, now + _TICK)  # rounding must not hold us at the end of an hour
            rate, until = pace(now, midnight)
        now += wanted / rate
        yield now
