"""Exact tests on few runs: how surprising it is what was counted, with no assumption on the shape of the values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from seatrial.reports.scipystats import scipy_stats

_RELATIVE: Final = 1e-9
"""Part of the larger of two differences within which they are equal: rounding must not break a tie."""


@lru_cache(4096)
def share_interval(hits: int, trials: int, confidence: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share: exact, never too narrow."""
    found = scipy_stats().binomtest(hits, trials).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


@lru_cache(4096)
def at_least(hits: int, trials: int, share: float) -> float:
    """Chance of so many hits or more, where each trial hits with this share."""
    return float(scipy_stats().binom.sf(hits - 1, trials, share))


@lru_cache(4096)
def at_most(hits: int, trials: int, share: float) -> float:
    """Chance of so many hits or fewer, where each trial hits with this share."""
    return float(scipy_stats().binom.cdf(hits, trials, share))


def enough_runs(share: float, risk: float) -> int:
    """Runs that are enough to say, at this risk, that at least this share is good, if all of them are."""
    return max(1, math.ceil(math.log(risk) / math.log(share) - 1e-9))


def enough_for_median(confidence: float) -> int:
    """Samples that are enough for a two-sided interval of a median: the smallest and the largest enclose it."""
    return enough_runs(0.5, (1 - confidence) / 2)


def discordant(worse: int, better: int) -> float:
    """McNemar's exact test, two-sided: pairs that differ one way against those that differ the other way."""
    pairs = worse + better
    return float(scipy_stats().binomtest(worse, pairs).pvalue) if pairs else 1.0


def signed_ranks(differences: Sequence[float]) -> tuple[float, int]:
    """Wilcoxon's signed-rank test of pairs: two-sided chance, and which way they lean (-1, 0, 1).

    Exact for every number of pairs and with ties, by counting all ways in which the signs could have fallen. Pairs
    without a difference say nothing and are left out; an infinite difference is the largest.
    """
    moved = [each for each in differences if each != 0]
    if not moved:
        return 1.0, 0
    ranks = doubled_ranks([abs(each) for each in moved])
    total = sum(ranks)
    risen = sum(rank for rank, each in zip(ranks, moved, strict=True) if each > 0)
    ways = _ways(ranks)
    tail = sum(ways[: min(risen, total - risen) + 1])
    lean = (2 * risen > total) - (2 * risen < total)
    return min(1.0, 2 * tail / 2 ** len(ranks)), lean


def doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Twice the rank of each size, so that the middle rank of equal sizes is a whole number too."""
    order = sorted(range(len(sizes)), key=lambda place: sizes[place])
    ranks, begin = [0] * len(sizes), 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and _equal(sizes[order[end]], sizes[order[begin]]):
            end += 1
        for place in order[begin:end]:
            ranks[place] = begin + 1 + end
        begin = end
    return ranks


def _equal(large: float, small: float) -> bool:
    return large == small or large - small <= _RELATIVE * large < math.inf


def _ways(ranks: Sequence[int]) -> list[int]:
    """In how many ways of signs the ranks of one sign add up to each sum."""
    ways = [1]
    for rank in ranks:
        longer = ways + [0] * rank
        for place, count in enumerate(ways):
            longer[place + rank] += count
        ways = longer
    return ways
