"""Fault windows: when which rule was armed, and what came of it."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from seatrial.reports.facts import CHAOS, Facts, RuleFacts
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.verdict import RuleCoverage


class Window(NamedTuple):
    """A stretch of the run in which a rule was armed."""

    rule: str
    """Name of the rule."""
    begin: int
    """First microsecond."""
    end: int
    """Microsecond after the last."""


def fault_windows(log: Logbook, facts: Facts) -> tuple[Window, ...]:
    """One window per rule, by its begin: as the scenario says, else as the phase rows, else the strikes say."""
    over = _chaos_end(log, facts)
    said = {rule.name: Window(rule.name, _micro(rule.begin, over), _micro(rule.end, over)) for rule in facts.rules}
    windows = {**_struck(log), **_announced(log, over), **said}
    return tuple(sorted(windows.values(), key=lambda window: (window.begin, window.end, window.rule)))


def coverage(log: Logbook, facts: Facts) -> tuple[RuleCoverage, ...]:
    """What became of every rule: armed by the scenario, or seen in the evidence."""
    known = {rule.name: rule for rule in facts.rules}
    kinds = dict(log.faults.select(pl.col("rule", "document").cast(pl.String)).unique("rule", keep="first").iter_rows())
    found = []
    for window in fault_windows(log, facts):
        rule = known.get(window.rule, RuleFacts(name=window.rule))
        struck = log.faults.filter(pl.col("rule").cast(pl.String) == window.rule)
        found.append(
            RuleCoverage(
                rule=rule.name,
                fault=rule.fault or kinds.get(rule.name, ""),
                at=rule.at,
                begin=window.begin / SECOND,
                end=window.end / SECOND,
                matched=rule.matched,
                fired=struck.height,
                mattered=struck.filter(pl.col("outcome") == "mattered").height,
            )
        )
    return tuple(found)


def _chaos_end(log: Logbook, facts: Facts) -> int:
    chaos = facts.phase(CHAOS)
    if chaos is not None:
        return int(chaos.end * SECOND)
    ended = log.phases.filter((pl.col("key") == CHAOS) & (pl.col("outcome") == "end"))["time"]
    return int(ended[0]) if ended.len() else log.end


def _announced(log: Logbook, over: int) -> dict[str, Window]:
    rows = log.phases.filter(pl.col("rule") != "").with_columns(pl.col("rule").cast(pl.String))
    begins = dict(rows.filter(pl.col("outcome") == "begin").select("rule", "time").iter_rows())
    ends = dict(rows.filter(pl.col("outcome") == "end").select("rule", "time").iter_rows())
    return {rule: Window(rule, begin, ends.get(rule, over)) for rule, begin in begins.items()}


def _struck(log: Logbook) -> dict[str, Window]:
    rows = log.faults.filter(pl.col("rule") != "").with_columns(pl.col("rule").cast(pl.String))
    first = rows.group_by("rule").agg(pl.col("time").min().alias("begin"), pl.col("time").max().alias("end"))
    return {rule: Window(rule, begin, end) for rule, begin, end in first.iter_rows()}


def _micro(seconds: float, over: int) -> int:
    return min(over, int(seconds * SECOND)) if seconds < over / SECOND else over
