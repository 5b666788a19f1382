"""What changed from one side to the other over many seeds, as the page tells it: worse and better first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from seatrial.reports.comparison import Comparison
from seatrial.reports.comparison_view import JUDGEMENTS, View, views
from seatrial.reports.interval_words import method_lines
from seatrial.reports.page_meanings import meaning_of
from seatrial.reports.page_words import clipped, counted

_GLYPHS: Final = {"worse": "✗", "better": "✓", "changed": "±", "undecided": "?", "equal": "="}
_MARKS: Final = {"worse": "broken", "better": "held", "undecided": "open"}
_OPEN: Final = ("worse", "better")


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One reading on both sides."""

    name: str
    """Its name."""
    meaning: str
    """What it says, in one line."""
    a: str
    """Value of the side that is held against."""
    b: str
    """Value of the side that is asked about."""
    change: str
    """By how much they differ."""
    interval: str
    """Between what and what."""
    aside: str
    """What one has to know besides; empty: nothing."""


class ChangeGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Readings that are judged the same."""

    judgement: str
    """What they amount to."""
    glyph: str
    """Its sign."""
    mark: str
    """How the style sheet calls it."""
    unfolded: bool
    """Whether it is shown at once."""
    rows: tuple[ChangeRow, ...]
    """What matters first."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario on both sides."""

    title: str
    """Who is held against whom, and where."""
    a: str
    """Name of the side that is held against."""
    b: str
    """Name of the side that is asked about."""
    sum: str
    """How many readings are worse, better and so on, and over how many pairs."""
    groups: tuple[ChangeGroup, ...]
    """Worse, better and so on."""
    notes: tuple[str, ...]
    """What is not shown, what was left out, and how all this was found."""


def changes(comparisons: Iterable[Comparison]) -> tuple[Changes, ...]:
    """Every scenario of every comparison; after its last one how a comparison was made."""
    found = []
    for each in comparisons:
        *others, last = views(each)
        found += [_changes(view, each, ()) for view in others]
        found.append(_changes(last, each, (*each.notes, *method_lines(each))))
    return tuple(found)


def _changes(view: View, comparison: Comparison, notes: tuple[str, ...]) -> Changes:
    a, b = clipped(comparison.a), clipped(comparison.b)
    return Changes(
        title=f"{clipped(view.scenario)}: {b} against {a}",
        a=a,
        b=b,
        sum=", ".join(_tally(view, comparison)),
        groups=tuple(_groups(view, comparison.currency)),
        notes=tuple(filter(None, (view.hidden, *notes))),
    )


def _tally(view: View, comparison: Comparison) -> Iterator[str]:
    judged = [each.judgement for each in comparison.differences if each.scenario == view.scenario]
    yield from (f"{judged.count(word):,} {word}" for word in JUDGEMENTS if word in judged)
    yield f"over {counted(view.pairs, 'pair')} by seed"


def _groups(view: View, currency: str) -> Iterator[ChangeGroup]:
    for judgement, rows in view.groups:
        told = (row.cells(currency, view.pairs) for row in rows)
        yield ChangeGroup(
            judgement=judgement,
            glyph=_GLYPHS[judgement],
            mark=_MARKS.get(judgement, ""),
            unfolded=judgement in _OPEN,
            rows=tuple(
                ChangeRow(name=name, meaning=meaning_of(name), a=a, b=b, change=change, interval=between, aside=aside)
                for name, a, b, change, between, aside in told
            ),
        )
