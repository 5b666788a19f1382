"""Runs for which the page has no room in full: each in a line, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from seatrial.reports.page_opening import GLYPHS, why
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import clipped

LINES: Final = 200
"""Runs that have a line."""
_WORDS: Final = 200
"""Letters of what a line says of a run, at most."""


class RestLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a line."""

    name: str
    """What the page would call it."""
    scenario: str
    """Scenario and seed."""
    glyph: str
    """Sign of its verdict."""
    outcome: str
    """Word of its verdict."""
    mark: str
    """The word as a name of the style sheet."""
    why: str
    """One sentence of why."""
    command: str
    """The command that makes it again, or its digest where the command is too long."""


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """The runs beyond those that are shown in full."""

    lines: tuple[RestLine, ...] = ()
    """In their order."""
    unsaid: int = 0
    """Runs that have not even a line."""

    @property
    def count(self) -> int:
        """How many runs."""
        return len(self.lines) + self.unsaid


def rest(runs: Sequence[PageRun]) -> Rest:
    """Runs in lines, as many as a table may have."""
    return Rest(lines=tuple(map(_line, runs[:LINES])), unsaid=max(0, len(runs) - LINES))


def _line(run: PageRun) -> RestLine:
    facts, outcome = run.facts, run.verdict.outcome
    command = facts.command()
    return RestLine(
        name=clipped(run.name),
        scenario=f"{clipped(facts.scenario or 'a run')}, seed {facts.seed}",
        glyph=GLYPHS[outcome],
        outcome=outcome.value,
        mark=outcome.value.replace(" ", "-"),
        why=clipped(why(run.verdict), _WORDS),
        command=command if len(command) <= _WORDS else f"digest {run.digest}",
    )
