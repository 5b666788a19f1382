"""A comparison, paired by seed: which readings are better or worse on one side, over all that were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from seatrial.reports.differences import ENOUGH_PAIRS, Difference, Judgement, differences_of
from seatrial.reports.estimates import CONFIDENCE
from seatrial.reports.fleet import Fleet
from seatrial.reports.manytests import benjamini_hochberg
from seatrial.reports.pairing import Pairs, Side, pair_up, side_name
from seatrial.sim.errors import UnknownName

RISK: Final = 0.05
"""Share of what is called better, worse or changed that may be so by chance."""
EVERYTHING: Final = ("*",)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two sides, reading by reading."""

    a: str
    """Name of the side that the other is held against."""
    b: str
    """Name of the side that is asked about."""
    side: str
    """In what they differ: integration, settings or version; empty: in nothing that the runs know."""
    differences: tuple[Difference, ...]
    """By scenario, `passed` first, then by name."""
    notes: tuple[str, ...] = ()
    """What was left out."""
    risk: float = RISK
    """Share of what is called better, worse or changed that may be so by chance."""
    confidence: float = CONFIDENCE
    """Confidence of each interval on its own."""
    currency: str = "GBP"
    """Currency of all amounts, ISO 4217."""

    @property
    def tested(self) -> int:
        """Readings that differ in at least one pair, over all scenarios."""
        return sum(each.chance is not None for each in self.differences)


def compare_fleets(
    fleet_a: Fleet, fleet_b: Fleet, *, measures: Sequence[str] = EVERYTHING, risk: float = RISK
) -> Comparison:
    """Hold B against A. Raises BadInput for sides that cannot be compared, UnknownName for a measure nobody has."""
    pairs, notes = pair_up(fleet_a, fleet_b)
    raw = [each for one in pairs for each in differences_of(one, measures)]
    _known(raw, pairs, measures)
    chances = benjamini_hochberg([each.chance for each in raw if each.chance is not None])
    adjusted = iter(chances)
    judged = tuple(_judged(each, None if each.chance is None else next(adjusted), risk) for each in raw)
    sides: list[Side] = [side for one in pairs for side in one.differ]
    side = sides[0] if sides else None
    a, b = _labels(pairs[0], side, fleet_a.label, fleet_b.label)
    return Comparison(a=a, b=b, side=side or "", differences=judged, notes=notes, risk=risk, currency=fleet_b.currency)


def _labels(pairs: Pairs, side: Side | None, label_a: str, label_b: str) -> tuple[str, str]:
    return (side_name(pairs.a, side), side_name(pairs.b, side)) if side else (label_a or "A", label_b or "B")


def _known(found: Sequence[Difference], pairs: Sequence[Pairs], measures: Sequence[str]) -> None:
    for pattern in measures:
        if not any(fnmatchcase(each.measure, pattern) for each in found):
            names = {reading.name for one in pairs for run in one.runs[0] for reading in run.verdict.readings}
            raise UnknownName("no run has such a reading", value=pattern, known=sorted(names), where="--measure")


def _judged(plain: Difference, adjusted: float | None, risk: float) -> Difference:
    judgement, why = _judgement(plain, adjusted, risk)
    return msgspec.structs.replace(plain, adjusted=adjusted, judgement=judgement, why=why)


def _judgement(plain: Difference, adjusted: float | None, risk: float) -> tuple[Judgement, str]:
    if plain.pairs < ENOUGH_PAIRS:
        return "undecided", f"{plain.pairs} of at least {ENOUGH_PAIRS} pairs"
    if adjusted is None:
        return "equal", ""
    if adjusted > risk:
        return "undecided", f"it may be chance (p {adjusted:.2g})"
    lean = _lean(plain)
    if not lean:
        return "undecided", "some runs are better, others worse"
    if not plain.better:
        return "changed", ""
    return ("better" if (lean < 0) == (plain.better == "lower") else "worse"), ""


def _lean(plain: Difference) -> int:
    """Which way the interval leans; 0 where it encloses nothing at all, so that test and interval contradict."""
    low, high = plain.low or 0.0, plain.high or 0.0
    if low < 0 < high:
        return 0
    return (low + high > 0) - (low + high < 0)
