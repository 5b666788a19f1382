"""Exceptions and manual effort: what landed on the desks of the business teams."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import effort_text, number_text
from seatrial.reports.verdict import Verdict


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """One team in one run."""

    opened: str
    """Cases opened."""
    still_open: str
    """Cases never closed."""
    effort: str
    """Time that people spend on them."""
    bar: float
    """That time in percent of the longest on the page."""


class TeamRow(msgspec.Struct, frozen=True, kw_only=True):
    """One team in all runs."""

    team: str
    """Name in words."""
    cells: tuple[Desk, ...]
    """One for each run."""


def team_rows(runs: Sequence[PageRun]) -> tuple[TeamRow, ...]:
    """Every team of any run, and last all together."""
    names = {name: None for run in runs for name in _teams(run.verdict)}
    most = max((_value(run.verdict, f"manual_effort.{name}") for run in runs for name in names), default=0.0)
    return tuple(
        TeamRow(
            team="all teams" if name == "total" else name.replace("_", " "),
            cells=tuple(_desk(run.verdict, name, most) for run in runs),
        )
        for name in sorted(names, key=lambda name: name == "total")
    )


def _teams(verdict: Verdict) -> list[str]:
    family = "manual_effort."
    return [reading.name.removeprefix(family) for reading in verdict.readings if reading.name.startswith(family)]


def _desk(verdict: Verdict, team: str, most: float) -> Desk:
    effort = _value(verdict, f"manual_effort.{team}")
    return Desk(
        opened=number_text(_value(verdict, f"exceptions.{team}.count")),
        still_open=number_text(_value(verdict, f"exceptions.{team}.open")),
        effort=effort_text(effort),
        bar=round(100 * effort / most, 1) if most else 0.0,
    )


def _value(verdict: Verdict, name: str) -> float:
    reading = verdict.reading(name)
    return reading.value or 0.0 if reading is not None else 0.0
