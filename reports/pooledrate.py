"""A rate over many runs: events of all runs over chances of all runs, with the interval that the runs allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from seatrial.reports.exacttests import share_interval
from seatrial.reports.reading import Reading
from seatrial.reports.scipystats import scipy_stats

_WHOLE: Final = 1e-6
"""How far a count may be from a whole number, in parts of its chances."""


class Rate(NamedTuple):
    """A rate and its interval."""

    value: float
    """Events over chances."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    basis: str
    """On how many chances it stands, in words."""


def pooled(readings: Sequence[Reading], confidence: float) -> Rate | None:
    """The rate over all runs; None where the readings are no counts over chances.

    Calls of one run share its water, so they are worth less than as many independent ones. Korn and Graubard's way: the
    exact binomial interval on the effective number of chances, which is their number over the design effect (how much
    more the runs differ than chance alone would have them), with the allowance of Student's t for few runs.
    """
    counts = [_count(each) for each in readings if each.value is not None]
    pairs = [pair for pair in counts if pair is not None]
    chances = sum(chance for _, chance in pairs)
    if len(pairs) < len(counts) or len(pairs) < 2 or not chances:
        return None
    rate = sum(events for events, _ in pairs) / chances
    worth = max(len(pairs), min(chances, math.floor(chances / _effect(pairs, rate) / _allowance(pairs, confidence))))
    low, high = share_interval(round(rate * worth), worth, confidence)
    return Rate(rate, min(low, rate), max(high, rate), f"{chances:,} samples worth {worth:,} independent ones")


def _count(reading: Reading) -> tuple[int, int] | None:
    """Events and chances of one run."""
    events = (reading.value or 0.0) * reading.samples
    whole = round(events)
    near = abs(events - whole) <= _WHOLE * max(1, reading.samples) and 0 <= whole <= reading.samples
    return (whole, reading.samples) if near and reading.samples else None


def _effect(pairs: Sequence[tuple[int, int]], rate: float) -> float:
    """Design effect: the spread between runs over the one of independent chances; never below 1."""
    if not 0 < rate < 1:
        return 1.0
    spread = sum((events - chances * rate) ** 2 / (chances * rate * (1 - rate)) for events, chances in pairs)
    return max(1.0, spread / (len(pairs) - 1))


def _allowance(pairs: Sequence[tuple[int, int]], confidence: float) -> float:
    """The spread is itself known from few runs only."""
    stats, side = scipy_stats(), (1 + confidence) / 2
    chances = sum(chances for _, chances in pairs)
    return float((stats.t.ppf(side, len(pairs) - 1) / stats.t.ppf(side, max(1, chances - 1))) ** 2)
