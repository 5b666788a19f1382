"""Many runs at once, from Python: estimates over seeds, comparisons paired by seed, and the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from seatrial.reports.budgets import Budget
from seatrial.reports.checks import Policy
from seatrial.reports.comparison import EVERYTHING, RISK, Comparison, compare_fleets
from seatrial.reports.fleet import Fleet
from seatrial.reports.gate import GateVerdict, judge_fleet
from seatrial.reports.muster import muster
from seatrial.sim.errors import BadInput

Runs = str | Path | Fleet | Sequence[str | Path]
"""Folders with runs in them, or runs that were mustered already."""


def compare(a: Runs, b: Runs, *, measures: Sequence[str] = EVERYTHING, risk: float = RISK) -> Comparison:
    """Hold the runs in B against those in A, paired by seed: what is better, worse, equal or undecided.

    The two sides differ in one thing: integration, settings or version. `measures` are names or patterns of readings;
    `risk` is the share of what is called better or worse that may be so by chance. Raises BadInput.
    """
    check_share(risk, "risk")
    return compare_fleets(fleet(a), fleet(b), measures=measures, risk=risk)


def gate(
    runs: Runs,
    *,
    baseline: Runs | None = None,
    budgets: Mapping[str, str] | None = None,
    alarm_rate: float = 0.01,
    keep: float = 0.5,
) -> GateVerdict:
    """Judge many runs over their seeds: limits, and regressions against a baseline within budgets.

    `budgets` are allowances such as `{"recovery.max": "+10%"}`; `alarm_rate` is the chance of any false alarm over all
    checks together; `keep` is the share of runs that have to keep each limit. Raises BadInput.
    """
    check_share(alarm_rate, "alarm_rate")
    check_share(keep, "keep")
    parsed = tuple(Budget.parse(f"{name}={text}") for name, text in (budgets or {}).items())
    if parsed and baseline is None:
        raise BadInput("a budget needs a baseline", value=parsed[0].measure, hint="give the runs to hold it against")
    policy = Policy(alarm_rate=alarm_rate, keep=keep)
    return judge_fleet(fleet(runs), None if baseline is None else fleet(baseline), budgets=parsed, policy=policy)


def fleet(runs: Runs) -> Fleet:
    """The runs in or below folders."""
    if isinstance(runs, Fleet):
        return runs
    return muster([runs] if isinstance(runs, str | Path) else runs)


def check_share(value: float, where: str) -> None:
    """Raise BadInput for what is no share strictly between nothing and all."""
    if not 0 < value < 1:
        raise BadInput("a share between 0 and 1, without both", value=value, where=where)
