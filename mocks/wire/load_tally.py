"""The tally of a load generator: what it asked for, what failed and why, how long it took, how late it was itself."""

from __future__ import annotations

from math import ceil, log
from typing import Final

import msgspec

_STEP: Final = log(1.02)
_LEAST: Final = 1e-5


class Spread(msgspec.Struct, frozen=True):
    """Durations in seconds; percentiles are right to 2 %."""

    count: int = 0
    """How many."""
    p50: float = 0.0
    """Half of them are not above it."""
    p95: float = 0.0
    """95 of 100 are not above it."""
    p99: float = 0.0
    """99 of 100 are not above it."""
    longest: float = 0.0
    """The longest."""


class Durations:
    """Counts durations in steps of 2 %; its size does not grow with their number."""

    def __init__(self) -> None:
        self._steps: dict[int, int] = {}
        self._count = 0
        self._longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one; below ten microseconds all are alike."""
        step = ceil(log(seconds / _LEAST) / _STEP) if seconds > _LEAST else 0
        self._steps[step] = self._steps.get(step, 0) + 1
        self._count += 1
        self._longest = max(self._longest, seconds)

    def spread(self) -> Spread:
        """What they amount to."""
        if not self._count:
            return Spread()
        return Spread(self._count, self._at(0.50), self._at(0.95), self._at(0.99), self._longest)

    def _at(self, share: float) -> float:
        wanted, seen = ceil(share * self._count), 0
        for step in sorted(self._steps):
            seen += self._steps[step]
            if seen >= wanted:
                return min(self._longest, _LEAST * 1.02**step if step else _LEAST)
        return self._longest  # pragma: no cover (the last step holds the last one)


class Requests(msgspec.Struct, frozen=True):
    """One kind of request."""

    latency: Spread
    """Real seconds from the moment at which it was due to its answer, repeats included."""
    failed: int = 0
    """Requests that had no good answer in the end."""
    repeated: int = 0
    """Attempts beyond the first."""


class Tally(msgspec.Struct, frozen=True):
    """What a generator has done so far."""

    requests: dict[str, Requests] = {}
    """By name: place, browse, cancel, return, deliveries, stray."""
    failures: dict[str, int] = {}
    """Requests that failed in the end, by name and reason: `place: ConnectionRefusedError`."""
    lag: Spread = Spread()
    """How late the generator itself was, real seconds: from the moment an order was due until it began to send it."""
    cancellations: int = 0
    """Wishes to cancel that a shop accepted."""
    returns: int = 0
    """Returns that were asked for and noted."""
    missed: int = 0
    """Deliveries that were forgotten by the shop before they were asked for."""


class Counter:
    """Counts while the load runs."""

    def __init__(self) -> None:
        self._latency: dict[str, Durations] = {}
        self._failed: dict[str, int] = {}
        self._repeated: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self.lag = Durations()
        self.cancellations = self.returns = self.missed = 0

    def answered(self, name: str, latency: float, attempts: int, failure: str) -> None:
        """A request is over; `failure` says why it failed, empty: it did not."""
        if name not in self._latency:
            self._latency[name] = Durations()
        self._latency[name].add(latency)
        if attempts > 1:
            self._repeated[name] = self._repeated.get(name, 0) + attempts - 1
        if failure:
            self._failed[name] = self._failed.get(name, 0) + 1
            reason = f"{name}: {failure}"
            self._failures[reason] = self._failures.get(reason, 0) + 1

    def tally(self) -> Tally:
        """What has been counted so far."""
        return Tally(
            requests={
                name: Requests(each.spread(), self._failed.get(name, 0), self._repeated.get(name, 0))
                for name, each in self._latency.items()
            },
            failures=dict(self._failures),
            lag=self.lag.spread(),
            cancellations=self.cancellations,
            returns=self.returns,
            missed=self.missed,
        )
