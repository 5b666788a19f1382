"""What became of each fault rule: armed when, and in each run matched, fired and mattered how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import Calendar
from seatrial.reports.verdict import RuleCoverage

RULES: Final = 80
"""Rules that there is room for."""


class Strikes(msgspec.Struct, frozen=True, kw_only=True):
    """One rule in one run."""

    matched: str
    """Calls that it could have struck; empty where nobody counted them."""
    fired: int
    """Calls that it struck."""
    mattered: int
    """Strikes that somebody noticed."""
    known: bool
    """Whether the run had this rule."""
    doubtful: bool
    """Whether it was there and never fired."""


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One rule in all runs."""

    name: str
    """Name of the rule."""
    fault: str
    """Kind of the fault."""
    at: str
    """Where it was aimed."""
    window: str
    """When it was armed."""
    cells: tuple[Strikes, ...]
    """One for each run."""

    @property
    def silent(self) -> bool:
        """Whether it was armed in some run and never fired there."""
        return any(cell.doubtful for cell in self.cells)


class RuleTable(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rules."""

    rows: tuple[RuleRow, ...]
    """Rules that never fired first, then by the begin of their windows."""
    silent: int
    """Rules that never fired in some run."""
    unsaid: int
    """Rules that there is no room for."""


def rule_table(runs: Sequence[PageRun]) -> RuleTable:
    """Every rule of every run once."""
    rules: dict[str, tuple[RuleCoverage, PageRun]] = {}
    for run in runs:
        for rule in run.verdict.coverage:
            rules.setdefault(rule.rule, (rule, run))
    ranked = sorted(rules.values(), key=lambda pair: (pair[0].begin, pair[0].end))
    rows = sorted((_row(rule, first.calendar, runs) for rule, first in ranked), key=lambda row: not row.silent)
    return RuleTable(rows=tuple(rows[:RULES]), silent=sum(row.silent for row in rows), unsaid=max(0, len(rows) - RULES))


def _row(rule: RuleCoverage, calendar: Calendar, runs: Sequence[PageRun]) -> RuleRow:
    same = [next((each for each in run.verdict.coverage if each.rule == rule.rule), None) for run in runs]
    return RuleRow(
        name=rule.rule,
        fault=rule.fault,
        at="everywhere" if rule.at == "*" else rule.at,
        window=calendar.window(rule.begin, rule.end),
        cells=tuple(_strikes(each) for each in same),
    )


def _strikes(rule: RuleCoverage | None) -> Strikes:
    if rule is None:
        return Strikes(matched="", fired=0, mattered=0, known=False, doubtful=False)
    matched = "" if rule.matched is None else f"{rule.matched:,}"
    return Strikes(matched=matched, fired=rule.fired, mattered=rule.mattered, known=True, doubtful=not rule.fired)
