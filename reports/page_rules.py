"""What became of each fault rule: armed when, and in each run matched, fired and mattered how often."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import Calendar
from seatrial.reports.verdict import RuleCoverage


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


def rule_rows(runs: Sequence[PageRun]) -> tuple[RuleRow, ...]:
    """Every rule of every run once, by the begin of its window."""
    rules: dict[str, tuple[RuleCoverage, PageRun]] = {}
    for run in runs:
        for rule in run.verdict.coverage:
            rules.setdefault(rule.rule, (rule, run))
    ranked = sorted(rules.values(), key=lambda pair: (pair[0].begin, pair[0].end))
    return tuple(_row(rule, Calendar(first.facts.started), runs) for rule, first in ranked)


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
