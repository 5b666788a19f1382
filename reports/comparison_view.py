"""A comparison as people read it: what got worse and better before what is undecided or equal, headlines first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from seatrial.reports.comparison import Comparison
from seatrial.reports.differences import Difference, Judgement
from seatrial.reports.estimates import PASSED
from seatrial.reports.interval_words import change_interval, change_text
from seatrial.reports.page_headlines import HEADLINES
from seatrial.reports.page_words import amount_text, counted, listed

JUDGEMENTS: Final[tuple[Judgement, ...]] = ("worse", "better", "changed", "undecided", "equal")
"""What a difference amounts to, what an engineer wants to know first before the rest."""
TITLES: Final = ("reading", "A", "B", "change", "interval", "")
"""What the cells of a row are."""
_RANKS: Final = {name: rank for rank, name in enumerate((PASSED, *(name for _, name in HEADLINES)))}
_DECIDED: Final = ("worse", "better")
_STATISTICS: Final = frozenset(("p50", "p95", "p99", "max"))
_KIN: Final = 2
"""Words that the names of readings of one kind have in common: those of all channels, all calls, all percentiles."""


class Row(NamedTuple):
    """One difference that is shown."""

    difference: Difference
    """The difference."""
    alike: int
    """Others of its kind that are judged the same, differ less, and are not shown."""

    def cells(self, currency: str, pairs: int) -> tuple[str, ...]:
        """Reading, A, B, change, interval, and what one has to know besides; `pairs` are those of most readings."""
        each = self.difference
        a, b = (amount_text(value, each.unit, currency) for value in (each.a, each.b))
        change = change_text(each.change, each.unit, currency)
        between = change_interval(each.low, each.high, each.unit, currency)
        return each.measure, a, b, change, between, "; ".join(self._asides(pairs))

    def _asides(self, pairs: int) -> Iterator[str]:
        if self.alike:
            yield f"and {self.alike} of {kind_of(self.difference.measure)}.*"
        if self.difference.why:
            yield self.difference.why
        elif self.difference.pairs != pairs:
            yield counted(self.difference.pairs, "pair")


class View(NamedTuple):
    """The differences of one scenario."""

    scenario: str
    """Name of the scenario."""
    pairs: int
    """Pairs of runs."""
    groups: tuple[tuple[Judgement, tuple[Row, ...]], ...]
    """Rows by what they amount to, in the order of `JUDGEMENTS`."""
    hidden: str
    """What is not shown, in words; empty: nothing."""

    @property
    def sum(self) -> str:
        """`12 pairs by seed`."""
        return f"{counted(self.pairs, 'pair')} by seed"


def views(comparison: Comparison, *, everything: bool = False) -> tuple[View, ...]:
    """Each scenario with its headlines and, of every kind of reading that got better or worse, the one that did most;
    or with everything.
    """
    by_scenario = groupby(comparison.differences, key=lambda each: each.scenario)
    return tuple(_view(scenario, tuple(found), everything) for scenario, found in by_scenario)


def kind_of(measure: str) -> str:
    """What readings of one kind have in common in their names: `latency.placed_to_shipped`, `drift.listing`."""
    words = [word for word in measure.split(".") if word not in _STATISTICS]
    return ".".join(words[:_KIN])


def _view(scenario: str, found: Sequence[Difference], everything: bool) -> View:
    groups = []
    for judgement in JUDGEMENTS:
        mine = sorted((each for each in found if each.judgement == judgement), key=_weight)
        rows = tuple(Row(each, 0) for each in mine) if everything else tuple(_few(mine))
        if rows:
            groups.append((judgement, rows))
    shown = {row.difference.measure for _, rows in groups for row in rows}
    pairs = max((each.pairs for each in found), default=0)
    return View(scenario, pairs, tuple(groups), _hidden([each for each in found if each.measure not in shown]))


def _few(found: Sequence[Difference]) -> Iterator[Row]:
    """Headlines, each for itself; of the others only what is decided, the first of each kind for all of it."""
    heads = [each for each in found if each.measure in _RANKS]
    yield from (Row(each, 0) for each in heads)
    kinds: dict[str, list[Difference]] = {}
    for each in found:
        if each.measure not in _RANKS and each.judgement in _DECIDED:
            kinds.setdefault(kind_of(each.measure), []).append(each)
    yield from (Row(kind[0], len(kind) - 1) for kind in kinds.values())


def _weight(each: Difference) -> tuple[int, float, str]:
    """Headlines in their order, then what differs most for its size, then the name."""
    return _RANKS.get(each.measure, len(_RANKS)), -_size(each), each.measure


def _size(each: Difference) -> float:
    """The change as a share of the larger side; from or to never is more than anything."""
    change, most = abs(each.change or 0.0), max(abs(each.a or 0.0), abs(each.b or 0.0))
    return change if math.isinf(change) else change / most if most and math.isfinite(most) else 0.0


def _hidden(rest: Sequence[Difference]) -> str:
    judged = [each.judgement for each in rest]
    said = [f"{judged.count(word):,} {word}" for word in JUDGEMENTS if word in judged]
    return f"not shown: {listed(said)}" if said else ""
