"""Exact tests and intervals: held against brute force, against scipy, and against textbooks."""

from __future__ import annotations

import math
from itertools import product
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seatrial.reports.exacttests import (
    discordant,
    doubled_ranks,
    enough_for_median,
    enough_runs,
    share_interval,
    signed_ranks,
)
from seatrial.reports.manytests import benjamini_hochberg, holm
from seatrial.reports.quantiles import median_interval, quantile, quantile_interval

NUMBERS = st.floats(-5, 5).map(lambda each: round(each, 1))


def by_hand(differences: list[float]) -> float:
    """The chance by going through all signs."""
    moved = [each for each in differences if each]
    ranks = doubled_ranks([abs(each) for each in moved])
    risen = sum(rank for rank, each in zip(ranks, moved, strict=True) if each > 0)
    least = min(risen, sum(ranks) - risen)
    sums = [sum(rank * up for rank, up in zip(ranks, ups, strict=True)) for ups in product((0, 1), repeat=len(ranks))]
    return min(1.0, 2 * sum(each <= least for each in sums) / len(sums))


@given(st.lists(NUMBERS, max_size=9))
def test_signed_ranks_are_what_going_through_all_signs_gives(differences: list[float]) -> None:
    """With ties and zeros alike."""
    assert signed_ranks(differences)[0] == pytest.approx(by_hand(differences))


def test_signed_ranks_are_those_of_scipy_where_it_is_exact() -> None:
    """Without ties scipy knows the exact distribution, too."""
    values = [0.3, -1.2, 2.5, 3.1, -0.4, 1.9, 2.2, 0.8, 5.0, -0.1, 4.4, 3.3]
    chance, lean = signed_ranks(values)
    assert chance == pytest.approx(stats.wilcoxon(values, method="exact")[1])
    assert lean == 1


@given(st.lists(NUMBERS, max_size=30))
def test_signed_ranks_do_not_favour_a_side(differences: list[float]) -> None:
    """Turned round, the chance is the same and the lean the opposite."""
    chance, lean = signed_ranks(differences)
    assert signed_ranks([-each for each in differences]) == (pytest.approx(chance), -lean)
    assert 0 < chance <= 1


def test_a_difference_without_end_is_the_largest() -> None:
    """`never` has a rank like any other value."""
    assert signed_ranks([math.inf, -1, -2]) == signed_ranks([100, -1, -2])


def test_the_binomial_interval_is_that_of_the_textbook() -> None:
    """Clopper and Pearson: none of 20 leaves 16.8 %, 8 of 20 leave 19.1 % to 63.9 %."""
    assert share_interval(0, 20, 0.95) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert share_interval(8, 20, 0.95) == pytest.approx((0.1912, 0.6395), abs=1e-4)


def test_mcnemar_looks_only_at_pairs_that_differ() -> None:
    """Eight against one is 0.039; nothing against nothing says nothing."""
    assert discordant(8, 1) == pytest.approx(0.0390625)
    assert discordant(0, 0) == 1.0


def test_enough_is_the_first_number_that_is_enough() -> None:
    """0.5^7 is the first power below 1 %, 0.9^44 the first of nine tenths; six enclose a median at 95 %."""
    assert (enough_runs(0.5, 0.01), enough_runs(0.9, 0.01), enough_for_median(0.95)) == (7, 44, 6)


def test_holm_is_that_of_the_textbook() -> None:
    """The smallest times the number of tests, the next times one less, never falling."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
    assert benjamini_hochberg([]) == ()
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.02, 0.04, 0.04, 0.02))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_makes_a_chance_smaller_or_changes_the_order(chances: list[float]) -> None:
    """What was less surprising stays less surprising."""
    adjusted = holm(chances)
    assert all(1 >= after >= before for before, after in zip(chances, adjusted, strict=True))
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    assert [adjusted[place] for place in order] == sorted(adjusted)


def test_too_few_values_have_no_interval() -> None:
    """Five values cannot enclose a median at 95 %; six can: by the smallest and the largest."""
    assert median_interval([1, 2, 3, 4, 5], 0.95) == (None, None)
    assert median_interval([1, 2, 3, 4, 5, math.inf], 0.95) == (1, math.inf)


@given(st.lists(st.one_of(NUMBERS, st.just(math.inf)), min_size=8, max_size=40))
def test_an_interval_of_the_median_encloses_the_median(values: list[float]) -> None:
    """Also where some times never came."""
    low, high = median_interval(values, 0.95)
    assert low is not None
    assert high is not None
    assert low <= sorted(values)[(len(values) - 1) // 2] <= high
    middle = quantile(values, 0.5)
    assert middle is not None
    assert middle <= median(values)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_an_interval_of_a_quantile_errs_no_more_than_it_says(share: float) -> None:
    """Of 2,000 samples of 25 values from a skewed distribution, each end misses at most 5 %."""
    rng, truth = np.random.default_rng(7), -math.log(1 - share)
    ends = [quantile_interval(list(rng.exponential(size=25)), share, 0.05) for _ in range(2_000)]
    too_high = sum(low is not None and low > truth for low, _ in ends)
    too_low = sum(high is not None and high < truth for _, high in ends)
    most = stats.binom.ppf(0.999, 2_000, 0.05)
    assert max(too_high, too_low) <= most
    assert max(too_high, too_low) > 10  # an interval that never errs says nothing
