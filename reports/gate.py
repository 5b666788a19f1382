"""The gate: limits and regressions over many runs, with a false-alarm rate that holds over all checks together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from seatrial.reports.budgets import Budget
from seatrial.reports.checks import Check, Policy, judge_checks
from seatrial.reports.estimates import Estimate, passed
from seatrial.reports.fleet import Fleet, Stray, Trial
from seatrial.reports.gate_limits import coverage_checks, ending_checks, limit_checks
from seatrial.reports.gate_regressions import regression_checks
from seatrial.reports.verdict import EXIT_CODES, Outcome
from seatrial.sim.errors import BadInput

USUAL: Final = Policy()
_SAID: Final = 12
"""Reasons that a gate gives at most."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One trial that a gate looked at."""

    trial: Trial
    """Scenario, integration, settings and version."""
    passed: Estimate
    """Share of runs that are green on their own, with its interval."""


class GateVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate says."""

    outcome: Outcome
    """passed, violated, inconclusive or harness error."""
    reasons: tuple[str, ...] = ()
    """Why, the gravest first; empty when it passed."""
    checks: tuple[Check, ...] = ()
    """Everything that was looked at: by trial limits, then coverage; then regressions."""
    trials: tuple[Tried, ...] = ()
    """What was tried."""
    policy: Policy = USUAL
    """What was demanded."""
    strays: tuple[Stray, ...] = ()
    """Folders that could not be counted as runs."""
    notes: tuple[str, ...] = ()
    """What was left out although nothing is wrong with it."""
    runs: str = ""
    """Folders of the runs."""
    baseline: str = ""
    """Folders of the baseline; empty: none."""
    currency: str = "GBP"
    """Currency of all amounts, ISO 4217."""

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return EXIT_CODES[self.outcome]

    @property
    def tests(self) -> int:
        """Checks that chance could have made red; the alarm rate holds over all of them."""
        return sum(check.chance is not None for check in self.checks)

    def judged(self, judgement: str) -> tuple[Check, ...]:
        """Checks that were held, broken or left open."""
        return tuple(check for check in self.checks if check.judgement == judgement)


def judge_fleet(
    fleet: Fleet, baseline: Fleet | None = None, *, budgets: Sequence[Budget] = (), policy: Policy = USUAL
) -> GateVerdict:
    """Judge many runs. Raises BadInput for runs that cannot be trusted or compared."""
    _trusted(fleet, baseline)
    trials = fleet.series()
    _unmixed(fleet, list(trials))
    raw: list[Check] = []
    for trial, series in trials.items():
        runs = tuple(series.values())
        raw += [*ending_checks(trial, runs), *limit_checks(trial, runs, policy), *coverage_checks(trial, runs)]
    if baseline is not None:
        raw += regression_checks(fleet, baseline, budgets, policy)
    checks = judge_checks(raw, policy)
    outcome, reasons = _outcome(fleet, baseline, checks)
    return GateVerdict(
        outcome=outcome,
        reasons=reasons,
        checks=checks,
        trials=tuple(Tried(trial=trial, passed=passed(tuple(series.values()))) for trial, series in trials.items()),
        policy=policy,
        strays=(*fleet.strays, *(baseline.strays if baseline else ())),
        notes=(*fleet.notes, *(baseline.notes if baseline else ())),
        runs=fleet.label,
        baseline=baseline.label if baseline else "",
        currency=fleet.currency,
    )


def reason(check: Check) -> str:
    """A check in one sentence."""
    return f"{check.scenario} × {check.integration}: {check.measure} wanted {check.wanted}, {check.why}"


def _trusted(fleet: Fleet, baseline: Fleet | None) -> None:
    """Refuse what somebody edited, and two histories of one seed: no statistics can make up for that."""
    for side in (fleet, baseline):
        wrong = list(side.kinds("edited", "conflict")) if side is not None else []
        if wrong:
            more = f" · and {len(wrong) - 1} more like this" if len(wrong) > 1 else ""
            raise BadInput(f"a run that cannot be trusted · {wrong[0].text}{more}")


def _unmixed(fleet: Fleet, trials: Sequence[Trial]) -> None:
    seen: dict[tuple[str, str], Trial] = {}
    for trial in trials:
        first = seen.setdefault((trial.scenario, trial.integration), trial)
        if first is not trial:
            parts = [f"{name} {one!r} / {two!r}" for name, one, two in _apart(first, trial)]
            hint = "give the folder of one of them"
            raise BadInput(f"{trial.name} was run in two ways", value="; ".join(parts), where=fleet.label, hint=hint)


def _apart(one: Trial, two: Trial) -> Iterator[tuple[str, object, object]]:
    sides = (("settings", one.settings_text, two.settings_text), ("version", one.version, two.version))
    yield from (
        side for side in (*sides, ("text of the scenario", one.digest[:12], two.digest[:12])) if side[1] != side[2]
    )


def _outcome(fleet: Fleet, baseline: Fleet | None, checks: Sequence[Check]) -> tuple[Outcome, tuple[str, ...]]:
    crashed = [stray.text for stray in fleet.kinds("crashed")]
    broken = [reason(check) for check in checks if check.judgement == "broken"]
    doubts = [*_doubts(fleet, baseline, checks), *(reason(check) for check in checks if check.judgement == "open")]
    said, outcome = [*crashed, *broken, *doubts], Outcome.PASSED
    for found, meant in ((doubts, Outcome.INCONCLUSIVE), (broken, Outcome.VIOLATED), (crashed, Outcome.HARNESS_ERROR)):
        outcome = meant if found else outcome
    more = (f"and {len(said) - _SAID} more",) if len(said) > _SAID else ()
    return outcome, (*said[:_SAID], *more)


def _doubts(fleet: Fleet, baseline: Fleet | None, checks: Sequence[Check]) -> Iterator[str]:
    """What is missing, so that a gate cannot be green."""
    yield from (stray.text for stray in fleet.kinds("unfinished", "damaged"))
    if not any(check.kind == "limit" for check in checks):
        yield "no limit was checked"
    if baseline is None:
        return
    yield from (f"baseline: {stray.text}" for stray in baseline.strays)
    if not any(check.kind == "regression" for check in checks):
        yield "nothing was held against the baseline: it shares no reading that has a budget"
    there = {trial.scenario for trial in fleet.series()}
    for name in dict.fromkeys(trial.scenario for trial in baseline.series()):
        if name not in there:
            yield f"the baseline has runs of {name}, and there are no new ones to hold against them"
