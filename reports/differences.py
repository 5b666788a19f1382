"""Differences between two sides, pair by pair: how much, how certain, and how surprising between equal sides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from statistics import fmean, median, median_low
from typing import Final, Literal

import msgspec

from seatrial.reports.bootstrap import bootstrap_mean
from seatrial.reports.estimates import CONFIDENCE, PASSED
from seatrial.reports.exacttests import discordant, enough_for_median, signed_ranks
from seatrial.reports.pairing import Pairs
from seatrial.reports.quantiles import median_interval
from seatrial.reports.reading import Better, Reading, Unit

Judgement = Literal["better", "worse", "changed", "equal", "undecided"]
"""changed: it differs, and nobody says which way is better · equal: in every pair · undecided: it may be chance."""
ENOUGH_PAIRS: Final = enough_for_median(CONFIDENCE)
"""Pairs below which nothing is said."""
_RANKS: Final = "Wilcoxon's signed ranks, exact"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One reading on both sides."""

    scenario: str
    """Name of the scenario."""
    measure: str
    """Name of the reading, or `passed`."""
    unit: Unit
    """Unit of the values."""
    better: Better = ""
    """Which way is better."""
    pairs: int
    """Pairs of runs in which both sides know it."""
    left_out: int = 0
    """Pairs in which one side does not know it."""
    a: float | None = None
    """Median of side A; of `passed` the share."""
    b: float | None = None
    """Median of side B; of `passed` the share."""
    change: float | None = None
    """Mean of B less A over the pairs; their median where a time never came; None: unknown."""
    low: float | None = None
    """Lower end of the interval of the change, on its own; None: too few pairs."""
    high: float | None = None
    """Upper end of the interval."""
    method: str = ""
    """How interval and test were made."""
    chance: float | None = None
    """Chance of a difference like this between equal sides, on its own; None: nothing was tested."""
    adjusted: float | None = None
    """The same, allowing for all readings that were tested (Benjamini-Hochberg)."""
    judgement: Judgement = "undecided"
    """What it amounts to."""
    why: str = ""
    """Why it is undecided."""


def differences_of(pairs: Pairs, measures: Sequence[str]) -> list[Difference]:
    """Every reading of these names or patterns on both sides, not yet judged; `passed` first, then by name."""
    found = [_of_verdicts(pairs)] if pairs.runs else []
    values = [(a.readings, b.readings) for a, b in pairs.runs]
    names = sorted({name for both in values for side in both for name in side})
    found += [_of_readings(pairs.a.scenario, name, values) for name in names]
    return [each for each in found if any(fnmatchcase(each.measure, pattern) for pattern in measures)]


def _of_verdicts(pairs: Pairs) -> Difference:
    """Green verdicts: only pairs of which one is green and the other is not say anything."""
    both = [(float(a.passed), float(b.passed)) for a, b in pairs.runs]
    worse, better = both.count((1.0, 0.0)), both.count((0.0, 1.0))
    plain = Difference(scenario=pairs.a.scenario, measure=PASSED, unit="share", better="higher", pairs=len(both))
    plain = _with_change(plain, [b - a for a, b in both])
    return msgspec.structs.replace(
        plain,
        a=fmean(a for a, _ in both),
        b=fmean(b for _, b in both),
        method=plain.method.replace(_RANKS, "McNemar's test, exact"),
        chance=discordant(worse, better) if worse or better else None,
    )


def _of_readings(
    scenario: str, name: str, values: Sequence[tuple[Mapping[str, Reading], Mapping[str, Reading]]]
) -> Difference:
    some = next(side[name] for both in values for side in both if name in side)
    known = [pair for pair in ((_value(a, name), _value(b, name)) for a, b in values) if None not in pair]
    both = [(a, b) for a, b in known if a is not None and b is not None]
    plain = Difference(
        scenario=scenario,
        measure=name,
        unit=some.unit,
        better=some.better,
        pairs=len(both),
        left_out=len(values) - len(both),
        a=median(a for a, _ in both) if both else None,
        b=median(b for _, b in both) if both else None,
    )
    return _with_change(plain, [difference(a, b) for a, b in both])


def _value(side: Mapping[str, Reading], name: str) -> float | None:
    return side[name].value if name in side else None


def difference(a: float, b: float) -> float:
    """B less A; two times that never came are equal."""
    return 0.0 if a == b else b - a


def _with_change(plain: Difference, changes: list[float]) -> Difference:
    if not changes:
        return plain
    endless = any(math.isinf(change) for change in changes)
    found = msgspec.structs.replace(plain, change=median_low(changes) if endless else fmean(changes))
    if any(changes):
        found = msgspec.structs.replace(found, chance=signed_ranks(changes)[0])
    if len(changes) < ENOUGH_PAIRS:
        return found
    low, high = median_interval(changes, CONFIDENCE) if endless else bootstrap_mean(changes, CONFIDENCE)
    how = "order statistics of the median" if endless else "paired BCa bootstrap of the mean"
    return msgspec.structs.replace(found, low=low, high=high, method=f"{how}; {_RANKS}")
