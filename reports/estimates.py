"""Estimates: what a reading is over many seeds, with an interval and the method that it was found by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Final, Literal

import msgspec

from seatrial.reports.bootstrap import bootstrap_median
from seatrial.reports.exacttests import enough_for_median, share_interval
from seatrial.reports.fleet import FinishedRun
from seatrial.reports.pooledrate import Rate, pooled
from seatrial.reports.quantiles import median_interval
from seatrial.reports.reading import Better, Reading, Unit

CONFIDENCE: Final = 0.95
"""Confidence of intervals, where nobody asks for another."""
EXACT: Final = "exact binomial (Clopper-Pearson)"
PASSED: Final = "passed"
"""Name of the reading that is not in the runs: whether their verdict is green."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """One reading over many runs."""

    measure: str
    """Name of the reading; `passed`: the share of runs with a green verdict."""
    unit: Unit
    """Unit of the values."""
    better: Better = ""
    """Which way is better."""
    runs: int
    """Runs in which it was measured."""
    unknown: int = 0
    """Runs in which it could not be measured, or which have no such reading."""
    never: int = 0
    """Runs in which the time never came."""
    statistic: Literal["median", "rate"] = "median"
    """median: over runs · rate: the events of all runs together over the chances of all runs."""
    value: float | None = None
    """Median or rate; infinite: never; None: it was measured in no run."""
    low: float | None = None
    """Lower end of the interval; None: too few runs for one."""
    high: float | None = None
    """Upper end of the interval."""
    confidence: float = CONFIDENCE
    """Confidence of the interval."""
    method: str = ""
    """How the interval was found, or how many runs would be enough for one."""


def estimates(runs: Sequence[FinishedRun], confidence: float = CONFIDENCE) -> tuple[Estimate, ...]:
    """`passed` and every reading over these runs, by name; the same runs give the same intervals."""
    return (passed(runs, confidence), *(estimate(each, len(runs), confidence) for each in by_name(runs).values()))


def by_name(runs: Iterable[FinishedRun]) -> Mapping[str, list[Reading]]:
    """The readings of all runs by name, in order of the names."""
    found: dict[str, list[Reading]] = {}
    for run in runs:
        for reading in run.verdict.readings:
            found.setdefault(reading.name, []).append(reading)
    return dict(sorted(found.items()))


def passed(runs: Sequence[FinishedRun], confidence: float = CONFIDENCE) -> Estimate:
    """The share of runs whose verdict is green."""
    hits, plain = sum(run.passed for run in runs), Estimate(measure=PASSED, unit="share", better="higher", runs=0)
    if not runs:
        return plain
    low, high = share_interval(hits, len(runs), confidence)
    known = {"runs": len(runs), "statistic": "rate", "value": hits / len(runs), "method": EXACT}
    return msgspec.structs.replace(plain, **known, low=low, high=high, confidence=confidence)


def estimate(readings: Sequence[Reading], runs: int, confidence: float = CONFIDENCE) -> Estimate:
    """One reading over `runs` runs, some of which may not know it."""
    values = [reading.value for reading in readings if reading.value is not None]
    plain = Estimate(
        measure=readings[0].name,
        unit=readings[0].unit,
        better=readings[0].better,
        runs=len(values),
        unknown=runs - len(values),
        never=values.count(math.inf),
        value=median(values) if values else None,
        confidence=confidence,
    )
    enough = enough_for_median(confidence)
    if len(values) < enough:
        return msgspec.structs.replace(plain, method=_too_few(readings, len(values), enough))
    rate = pooled(readings, confidence) if plain.unit == "share" else None
    return _of_rate(plain, rate) if rate else _of_values(plain, values)


def _of_rate(plain: Estimate, rate: Rate) -> Estimate:
    return msgspec.structs.replace(
        plain, statistic="rate", value=rate.value, low=rate.low, high=rate.high, method=f"{EXACT}, {rate.basis}"
    )


def _of_values(plain: Estimate, values: list[float]) -> Estimate:
    if plain.never or len(set(values)) == 1:
        low, high = median_interval(values, plain.confidence)
        return msgspec.structs.replace(plain, low=low, high=high, method="order statistics (exact)")
    low, high = bootstrap_median(values, plain.confidence)
    return msgspec.structs.replace(plain, low=low, high=high, method="percentile bootstrap of the median")


def _too_few(readings: Sequence[Reading], known: int, enough: int) -> str:
    details = Counter(reading.detail for reading in readings if reading.value is None and reading.detail)
    why = f" ({details.most_common(1)[0][0]})" if details else ""
    return f"{known} of at least {enough} runs{why}"
