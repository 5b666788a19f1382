"""How long a round trip takes on a link: constant, uniform, lognormal by p50 and p99, or measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import exp, log
from statistics import NormalDist

import msgspec

from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import Seconds

STEPS = 1024
"""Quantiles that a distribution is cut into: one table look-up draws a latency."""
_Z99 = NormalDist().inv_cdf(0.99)


class Constant(msgspec.Struct, frozen=True, tag_field="kind", tag="constant", forbid_unknown_fields=True):
    """Always the same."""

    value: Seconds
    """Round trip in seconds."""

    def quantile(self, p: float) -> float:
        """Round trip at probability p."""
        return float(self.value)


class Uniform(msgspec.Struct, frozen=True, tag_field="kind", tag="uniform", forbid_unknown_fields=True):
    """Anything between two bounds, alike."""

    low: Seconds
    """Shortest round trip in seconds."""
    high: Seconds
    """Longest round trip in seconds."""

    def quantile(self, p: float) -> float:
        """Round trip at probability p."""
        if not self.low <= self.high:
            raise BadInput("uniform latency wants low <= high", value=f"low {self.low} s, high {self.high} s")
        return self.low + (self.high - self.low) * p


class Lognormal(msgspec.Struct, frozen=True, tag_field="kind", tag="lognormal", forbid_unknown_fields=True):
    """The usual shape of network calls: p50 = exp(mu), p99 = exp(mu + 2.326 sigma)."""

    p50: Seconds
    """Median round trip in seconds."""
    p99: Seconds
    """Round trip in seconds that 99 of 100 calls stay under."""

    def quantile(self, p: float) -> float:
        """Round trip at probability p."""
        if not 0 < self.p50 <= self.p99:
            raise BadInput("lognormal latency wants 0 < p50 <= p99", value=f"p50 {self.p50} s, p99 {self.p99} s")
        sigma = (log(self.p99) - log(self.p50)) / _Z99
        return float(self.p50) * exp(sigma * NormalDist().inv_cdf(p))


class Empirical(msgspec.Struct, frozen=True, tag_field="kind", tag="empirical", forbid_unknown_fields=True):
    """Measured round trips, drawn with replacement."""

    values: tuple[Seconds, ...]
    """Round trips in seconds."""

    def quantile(self, p: float) -> float:
        """Round trip at probability p."""
        if not self.values:
            raise BadInput("empirical latency has no values", hint="give at least one")
        ordered = sorted(self.values)
        return float(ordered[min(len(ordered) - 1, int(p * len(ordered)))])


Latency = Constant | Uniform | Lognormal | Empirical
"""Every latency distribution."""


def sampler(latency: Latency, dice: Dice, link: str) -> Callable[[str], float]:
    """Draw round trips of a link, keyed: the same call has the same latency whatever else happens in the run."""
    table = _table(latency)
    if table[0] == table[-1]:
        constant = table[0]
        return lambda _: constant
    return dice.keyed_choice(table, "latency", link)


@lru_cache(maxsize=256)
def _table(latency: Latency) -> tuple[float, ...]:
    """The quantiles of a distribution, cut once for all links and runs of this process that have it."""
    return tuple(latency.quantile((step + 0.5) / STEPS) for step in range(STEPS))
