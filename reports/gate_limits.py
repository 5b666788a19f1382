"""Limits over seeds: in how many runs of a trial each limit was kept, and what its reading amounts to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from seatrial.reports.checks import EVERY_RUN, Check, Policy
from seatrial.reports.coherence import limit_of
from seatrial.reports.findings import Finding
from seatrial.reports.fleet import FinishedRun, Trial
from seatrial.reports.limits import Limit
from seatrial.reports.quantiles import quantile, quantile_interval
from seatrial.reports.verdict import JudgedLimit

FIRST: Final = 5
"""Runs that a check names."""
_Seen = tuple[FinishedRun, JudgedLimit | None]


def limit_checks(trial: Trial, runs: Sequence[FinishedRun], policy: Policy) -> Iterator[Check]:
    """A check for every limit, in the order of the scenario; one that every value keeps is none."""
    by_run = [(run, {(each.measure, each.limit): each for each in run.verdict.limits}) for run in runs]
    for key in dict.fromkeys(key for _, limits in by_run for key in limits):
        seen: list[_Seen] = [(run, limits.get(key)) for run, limits in by_run]
        some = next(judged for _, judged in seen if judged is not None)
        limit = limit_of(some)
        if not limit.everything:
            yield _with_values(_counted(trial, some, seen, absolute(limit)), limit, seen, policy)


def ending_checks(trial: Trial, runs: Sequence[FinishedRun]) -> Iterator[Check]:
    """A check for every violation that no reading shows, such as an integration that ended; one run is enough."""
    broken = [{each.code for each in run.verdict.findings if _is_bare(each)} for run in runs]
    for code in sorted(set().union(*broken)):
        check = _doubt(trial, runs, code, "does not occur", [code not in codes for codes in broken])
        yield msgspec.structs.replace(check, kind="limit", only_doubt=False, statistic=EVERY_RUN, fatal=check.failed)


def _is_bare(finding: Finding) -> bool:
    return finding.gravity == "violation" and not finding.measure


def coverage_checks(trial: Trial, runs: Sequence[FinishedRun]) -> Iterator[Check]:
    """Whether the runs say anything: a rule that never struck and a shop without orders prove nothing."""
    rules = dict.fromkeys(rule.rule for run in runs for rule in run.verdict.coverage)
    for rule in rules:
        fired = [any(each.rule == rule and each.fired for each in run.verdict.coverage) for run in runs]
        yield _doubt(trial, runs, f"rule {rule}", "strikes", fired)
    codes = {finding.code for run in runs for finding in run.verdict.findings if finding.gravity == "doubt"}
    for code in sorted(codes - {"NOT_MEASURED", "RULE_NEVER_FIRED"}):
        sound = [all(each.code != code for each in run.verdict.findings) for run in runs]
        yield _doubt(trial, runs, code, "does not occur", sound)


def absolute(limit: Limit) -> bool:
    """Whether nothing may be left of it: only one value keeps it, such as no duplicate at all."""
    return limit.low == limit.high or limit.high == 0 or (limit.unit == "share" and limit.low >= 1)


def _counted(trial: Trial, some: JudgedLimit, seen: Sequence[_Seen], every_run: bool) -> Check:
    broken = [(run, judged) for run, judged in seen if judged is not None and judged.judgement == "broken"]
    kept = sum(judged is not None and judged.judgement == "held" for _, judged in seen)
    whys = Counter("the run has no such reading" if judged is None else judged.why for _, judged in seen)
    whys.pop("", None)
    return Check(
        scenario=trial.scenario,
        integration=trial.integration,
        kind="limit",
        measure=some.measure,
        wanted=some.limit,
        unit=some.unit,
        kept=kept,
        failed=len(broken),
        unknown=len(seen) - kept - len(broken),
        fatal=len(broken) if every_run else sum(judged.value == math.inf for _, judged in broken),
        statistic=EVERY_RUN if every_run else "",
        seeds=tuple(run.seed for run, _ in broken[:FIRST]),
        paths=tuple(run.path for run, _ in broken[:FIRST]),
        detail=whys.most_common(1)[0][0] if whys else "",
    )


def _with_values(check: Check, limit: Limit, seen: Sequence[_Seen], policy: Policy) -> Check:
    values = [judged.value for _, judged in seen if judged is not None and judged.value is not None]
    if check.statistic == EVERY_RUN:
        bound = limit.high if limit.high < math.inf else limit.low
        worst = max(values, key=lambda value: abs(value - bound), default=None)
        return msgspec.structs.replace(check, value=worst)
    share = policy.keep if limit.low == -math.inf else 1 - policy.keep if limit.high == math.inf else 0.5
    low, high = quantile_interval(values, share, policy.alarm_rate)
    name = "median" if share == 0.5 else f"{share:.0%} quantile"
    return msgspec.structs.replace(check, statistic=name, value=quantile(values, share), low=low, high=high)


def _doubt(trial: Trial, runs: Sequence[FinishedRun], name: str, wanted: str, good: Sequence[bool]) -> Check:
    bad = [run for run, fine in zip(runs, good, strict=True) if not fine]
    return Check(
        scenario=trial.scenario,
        integration=trial.integration,
        kind="coverage",
        measure=name,
        wanted=wanted,
        kept=len(runs) - len(bad),
        failed=len(bad),
        only_doubt=True,
        seeds=tuple(run.seed for run in bad[:FIRST]),
        paths=tuple(run.path for run in bad[:FIRST]),
    )
