"""Queues with a known answer: what the measures say of them is what the formulas say.

Every number is that of eight seeds; it agrees if theory lies within Student's interval of 99.9 % around their mean.
"""

from __future__ import annotations

from math import exp, factorial, log
from typing import Any, NamedTuple

import polars as pl
import pytest
from scipy.optimize import brentq

from seatrial.reports.curves import backlog
from seatrial.reports.logbook import SECOND, Logbook

pytestmark = pytest.mark.slow
SEEDS = range(8)
LONG = 5_000.0
"""Seconds of a run: some thousands of customers."""


class Queue(NamedTuple):
    """M/M/c: arrivals and services at random, `c` counters, one queue."""

    arrivals: float
    """Customers per second."""
    service: float
    """Customers per second and counter."""
    counters: int

    @property
    def load(self) -> float:
        return self.arrivals / (self.counters * self.service)

    @property
    def wait_chance(self) -> float:
        """Erlang's C: the share of customers who have to wait."""
        erlangs, c = self.arrivals / self.service, self.counters
        last = erlangs**c / factorial(c) / (1 - self.load)
        return last / (sum(erlangs**n / factorial(n) for n in range(c)) + last)

    @property
    def mean_wait(self) -> float:
        return self.wait_chance / (self.counters * self.service - self.arrivals)

    def wait(self, share: float) -> float:
        """The wait that this share of all customers does not exceed."""
        return max(0.0, log(self.wait_chance / (1 - share)) / (self.counters * self.service - self.arrivals))

    def stays_longer(self, seconds: float) -> float:
        """The share of customers who are longer than this in the system, wait and service together."""
        spare = self.counters - 1 - self.arrivals / self.service
        waiting = self.wait_chance * (1 - exp(-self.service * seconds * spare)) / spare
        return exp(-self.service * seconds) * (1 + waiting)

    def stay(self, share: float) -> float:
        """The time in the system that this share of all customers does not exceed."""
        root: Any = brentq(lambda seconds: self.stays_longer(seconds) - (1 - share), 0.0, 1_000.0)
        return float(root)


QUEUES = [Queue(0.7, 1.0, 1), Queue(2.1, 1.0, 3), Queue(0.5, 1.0, 1)]


def waiting(log: Logbook) -> float:
    """Mean number of orders in the backlog, by its integral over time."""
    curve = log.derived(backlog)
    lasts = curve["time"].shift(-1).fill_null(log.end) - curve["time"]
    return float((curve["orders"] * lasts).sum()) / log.end


@pytest.fixture(scope="module", params=QUEUES, ids=lambda queue: f"M/M/{queue.counters} at {queue.load:.0%}")
def runs(request: pytest.FixtureRequest, theory: Any) -> tuple[Queue, list[Logbook]]:
    """A queue, and eight runs of it."""
    queue: Queue = request.param
    return queue, [theory.queue(seed, *queue, LONG) for seed in SEEDS]


def test_waiting_times_are_those_of_the_formula(runs: tuple[Queue, list[Logbook]], theory: Any) -> None:
    """Median and p95 of `latency.placed_to_released` are the quantiles of the wait in M/M/c."""
    queue, logs = runs
    readings = [theory.read(log) for log in logs]
    for statistic, share in (("p50", 0.5), ("p95", 0.95)):
        found = [each[f"latency.placed_to_released.{statistic}"] for each in readings]
        assert theory.agrees(found, queue.wait(share)), (statistic, found, queue.wait(share))


def test_the_backlog_is_as_long_as_the_formula_says(runs: tuple[Queue, list[Logbook]], theory: Any) -> None:
    """The mean of the backlog over time is Lq = lambda * Wq."""
    queue, logs = runs
    found = [waiting(log) for log in logs]
    assert theory.agrees(found, queue.arrivals * queue.mean_wait), (found, queue.arrivals * queue.mean_wait)


def test_times_in_the_system_are_those_of_the_formula(runs: tuple[Queue, list[Logbook]], theory: Any) -> None:
    """Median and p95 of `latency.placed_to_shipped` are the quantiles of wait and service together in M/M/c."""
    queue, logs = runs
    readings = [theory.read(log) for log in logs]
    for statistic, share in (("p50", 0.5), ("p95", 0.95)):
        found = [each[f"latency.placed_to_shipped.{statistic}"] for each in readings]
        assert theory.agrees(found, queue.stay(share)), (statistic, found, queue.stay(share))


def test_a_wrong_formula_is_seen(runs: tuple[Queue, list[Logbook]], theory: Any) -> None:
    """The interval is narrow enough to tell a queue from one that is half as long again."""
    queue, logs = runs
    assert not theory.agrees([waiting(log) for log in logs], queue.arrivals * queue.mean_wait * 1.5)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_calls_that_queue_at_a_door_wait_as_the_formula_says(load: float, theory: Any) -> None:
    """One slot with a service of a second each is M/D/1: the mean wait of calls is load / (2 - 2 load) seconds."""
    found = []
    for seed in SEEDS:
        calls = theory.calls(seed, load, 1.0, 5_000.0).calls.filter(pl.col("outcome") == "ok")
        found.append(calls["latency"].mean() / SECOND)
    assert theory.agrees(found, load / (2 - 2 * load)), found
