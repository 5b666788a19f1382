"""Estimates over seeds: medians and rates with intervals whose method is said; none where there are too few runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seatrial.reports.estimates import Estimate, estimates


def of(runs, name: str) -> Estimate:
    return next(each for each in estimates(runs) if each.measure == name)


def ends(found: Estimate) -> tuple[float, float, float]:
    """Lower end, value and upper end of an estimate that has them all."""
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    return found.low, found.value, found.high


def waits(made, values, **known):
    return [made(seed, {"wait.p95": value}, **known) for seed, value in enumerate(values)]


def test_the_same_runs_give_the_same_interval(made) -> None:
    """The bootstrap has a seed of its own."""
    runs = waits(made, np.random.default_rng(1).exponential(60, size=20))
    first = of(runs, "wait.p95")
    assert first == of(runs, "wait.p95")
    assert first.method == "percentile bootstrap of the median"
    low, value, high = ends(first)
    assert low < value < high


def test_times_that_never_came_are_ordered_not_averaged(made) -> None:
    """With `never` among the values the interval is one of order statistics, and may end at never."""
    found = of(waits(made, [10.0] * 12 + [math.inf] * 8), "wait.p95")
    assert (found.value, found.low, found.high, found.never) == (10.0, 10.0, math.inf, 8)
    assert found.method == "order statistics (exact)"


def test_what_could_not_be_measured_is_counted_and_told(made) -> None:
    """Too few runs that know it: no interval, and the number that would be enough."""
    found = of(waits(made, [5.0, 6.0, None, None, None, None, None]), "wait.p95")
    assert (found.runs, found.unknown, found.low, found.high) == (2, 5, None, None)
    assert found.method == "2 of at least 6 runs (4 of at least 20 samples for p95)"


def test_a_reading_that_no_run_knows_has_no_value(made) -> None:
    """It is unknown, not zero."""
    assert of(waits(made, [None] * 10), "wait.p95").value is None


def test_passed_is_a_rate_with_an_exact_interval(made) -> None:
    """18 of 20: from 68.3 % to 98.8 %."""
    runs = [made(seed, {"duplicates.total": float(seed < 2)}, {"duplicates.total": 0}) for seed in range(20)]
    found = of(runs, "passed")
    assert (found.value, found.low, found.high) == pytest.approx((0.9, 0.6830, 0.9877), abs=1e-4)


def test_a_rate_that_is_the_same_in_all_runs_is_pooled(made) -> None:
    """All of 2,000 orders: what is left open is what 2,000 independent ones leave open, not what 20 runs do."""
    runs = [made(seed, {"orders.completed_share": 1.0}) for seed in range(20)]
    found = of(runs, "orders.completed_share")
    assert (found.statistic, found.value, found.high) == ("rate", 1.0, 1.0)
    assert 0.997 < ends(found)[0] < 0.999
    assert "exact binomial" in found.method


def test_a_rate_that_differs_between_runs_is_worth_less(made) -> None:
    """Half of the runs lose everything: two thousand orders are then worth about as much as twenty."""
    runs = [made(seed, {"orders.completed_share": float(seed % 2)}) for seed in range(20)]
    found = of(runs, "orders.completed_share")
    assert found.value == 0.5
    low, _, high = ends(found)
    assert low < 0.3
    assert high > 0.7
    assert "2,000 samples worth 20 independent ones" in found.method


def test_a_share_that_counts_nothing_is_a_value_like_others(made) -> None:
    """A mean of shares is no count over chances; its median is bootstrapped."""
    values = np.random.default_rng(2).uniform(size=20)
    runs = [made(seed, {"orders.completed_share": value}) for seed, value in enumerate(values)]
    assert of(runs, "orders.completed_share").statistic == "median"


def test_the_interval_of_a_pooled_rate_covers_the_truth(made) -> None:
    """Calls of one run share its water: of 400 estimates from runs with a spread of their own, at most 10 % miss."""
    rng, missed = np.random.default_rng(3), 0
    for _ in range(400):
        shares = rng.binomial(100, rng.beta(8, 2, size=12)) / 100
        found = of(
            [made(seed, {"orders.completed_share": share}) for seed, share in enumerate(shares)],
            "orders.completed_share",
        )
        low, _, high = ends(found)
        missed += not low <= 0.8 <= high
    assert missed <= 40
