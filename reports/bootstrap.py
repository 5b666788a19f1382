"""The bootstrap: how far a statistic would move if other runs of the same kind had been made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from seatrial.reports.scipystats import scipy_stats

_RESAMPLES: Final = 4_000
"""Samples that are drawn: the ends of a 95 % interval then wander by about a percent of its width."""
_SEED: Final = 20_240_229
"""The same runs give the same interval."""
_ROUNDING: Final = 1e-9
"""Part of a value by which others may differ from it and be equal: BCa divides by their spread."""


def bootstrap_median(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Percentile interval of the median of finite values: BCa needs a smooth statistic, which a median is not."""
    return _interval(values, np.median, "percentile", confidence)


def bootstrap_mean(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """BCa interval of the mean of finite values; a point where all of them are equal but for rounding."""
    least, most = min(values), max(values)
    if most - least <= _ROUNDING * max(abs(least), abs(most)):
        return least, most
    return _interval(values, np.mean, "BCa", confidence)


def _interval(values: Sequence[float], statistic: object, method: str, confidence: float) -> tuple[float, float]:
    found = scipy_stats().bootstrap(
        (np.asarray(values, dtype=float),),
        statistic,
        n_resamples=_RESAMPLES,
        confidence_level=confidence,
        method=method,
        rng=np.random.default_rng(_SEED),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
