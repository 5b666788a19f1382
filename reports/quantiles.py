"""Quantiles over runs by order statistics: exact, and at home with times that never came."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from seatrial.reports.exacttests import at_least, at_most


def median_interval(values: Sequence[float], confidence: float) -> tuple[float | None, float | None]:
    """Interval of the median, each side with half of the risk; None where there are too few values."""
    return quantile_interval(values, 0.5, (1 - confidence) / 2)


def quantile_interval(values: Sequence[float], share: float, risk: float) -> tuple[float | None, float | None]:
    """Two values of the list that enclose its quantile; each side errs with at most `risk`. None: too few for it."""
    ordered = sorted(values)
    low, high = _places(len(values), share, risk)
    return (None if low is None else ordered[low]), (None if high is None else ordered[high])


@cache
def _places(count: int, share: float, risk: float) -> tuple[int | None, int | None]:
    """Places, in a sorted list of so many values, of the two that enclose the quantile."""
    low = next((place for place in reversed(range(count)) if at_most(place, count, share) <= risk), None)
    high = next((place for place in range(count) if at_least(place + 1, count, share) <= risk), None)
    return low, high


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of the values do not exceed; None of no values."""
    ordered = sorted(values)
    place = max(0, -(-round(share * 1e9) * len(ordered) // 10**9) - 1)
    return ordered[place] if ordered else None
