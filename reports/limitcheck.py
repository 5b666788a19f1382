"""Limits held against readings: kept, broken, or open where the evidence does not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from seatrial.reports.limits import Limit
from seatrial.reports.reading import Reading
from seatrial.reports.verdict import JudgedLimit

STANDING: Final[Mapping[str, object]] = {
    "duplicates.total": 0,
    "lost.total": 0,
    "unexpected.total": 0,
    "unanswered.cancellations": 0,
    "unanswered.returns": 0,
    "overshipped.units": 0,
    "money.over_refunded": 0,
    "audit.untraceable": 0,
    "conservation.unexplained": 0,
    "conservation.negative": 0,
    "conservation.overallocated": 0,
}
"""Limits that stand in every scenario, unless it sets one of its own under the same name (`any` takes it back)."""


def check(limits: Iterable[Limit], readings: Sequence[Reading]) -> tuple[JudgedLimit, ...]:
    """Every limit against every reading that it covers; of two limits on one reading, both count."""
    return tuple(judged for limit in limits for judged in _check(limit, readings))


def _check(limit: Limit, readings: Sequence[Reading]) -> Iterator[JudgedLimit]:
    covered = [reading for reading in readings if limit.covers(reading.name)]
    for reading in covered:
        yield _judged(limit, reading)
    if not covered:
        family = limit.measure.partition(".")[0]
        near = ", ".join(reading.name for reading in readings if reading.name.partition(".")[0] == family)
        nothing = Reading(
            name=limit.measure,
            value=None,
            unit=limit.unit,
            detail=f"this run has no such reading; it has {near}" if near else "this run has no such reading",
        )
        yield _judged(limit, nothing)


def _judged(limit: Limit, reading: Reading) -> JudgedLimit:
    value = reading.value
    held = limit.everything or (value is not None and limit.holds(value))
    return JudgedLimit(
        measure=reading.name,
        limit=limit.text,
        value=value,
        unit=reading.unit,
        judgement="held" if held else "open" if value is None else "broken",
        why="" if held or value is not None else reading.detail,
        standing=limit.standing,
    )
