"""Swim-lane pictures of witnesses, and each told in order for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from markupsafe import Markup, escape

from seatrial.reports.charts_swimlane import swimlane
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import clipped
from seatrial.reports.roles import roles
from seatrial.reports.story import who
from seatrial.reports.swimlanes import Swim, swim
from seatrial.reports.witness import WitnessRow

PICTURES: Final = 24
"""Pictures of a run at most: violations first, then what leaves a doubt, then remarks."""
_LEAST: Final = 2
"""Rows that make a picture worth looking at."""
Wanted = tuple[str, Sequence[Sequence[WitnessRow]]]
"""Anchor of a finding, and the witness of each of its cases."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One witness as swim lanes."""

    drawn: Markup
    """The picture."""
    label: Markup
    """The same in words, in order."""


def pictures(run: PageRun, findings: Sequence[Wanted]) -> dict[str, tuple[Picture | None, ...]]:
    """A picture for each case of each finding, as far as there is room, by anchor; first cases before second ones."""
    cases = [
        (place, number, anchor, witness)
        for number, (anchor, witnesses) in enumerate(findings)
        for place, witness in enumerate(witnesses)
        if len(witness) >= _LEAST
    ]
    drawn = {
        (anchor, place): _picture(run, f"{anchor}-{place}", witness)
        for place, _, anchor, witness in sorted(cases, key=lambda case: case[:2])[:PICTURES]
    }
    return {
        anchor: tuple(drawn.get((anchor, place)) for place in range(len(witnesses))) for anchor, witnesses in findings
    }


def _picture(run: PageRun, name: str, witness: Sequence[WitnessRow]) -> Picture:
    told = swim(witness, run.log.derived(roles))
    return Picture(drawn=swimlane(name, told, run.calendar), label=escape(_label(run, told, witness)))


def _label(run: PageRun, told: Swim, witness: Sequence[WitnessRow]) -> str:
    lanes = ", ".join(f"{clipped(name)}{f' ({role})' if role else ''}" for name, role in told.lanes)
    calendar = run.calendar
    steps = [
        f"{place}. {calendar.day(row.time)} {calendar.instant(row.time)}, {clipped(who(row))}: {clipped(row.words)}."
        for place, row in enumerate(witness, start=1)
    ]
    return " ".join([f"Swim lanes of {lanes}.", *steps])
