"""Regressions: in how many pairs with the same seed a reading is worse than the baseline by more than its budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median_low

import msgspec

from seatrial.reports.budgets import Budget, covered, usual_budgets, way
from seatrial.reports.checks import Check, Policy
from seatrial.reports.differences import difference
from seatrial.reports.fleet import FinishedRun, Fleet, Series, Trial
from seatrial.reports.gate_limits import FIRST
from seatrial.reports.pairing import Pairs, pair_trials
from seatrial.reports.quantiles import quantile_interval
from seatrial.reports.reading import Reading
from seatrial.sim.errors import BadInput

_Both = tuple[Reading | None, Reading | None]


def regression_checks(fleet: Fleet, baseline: Fleet, budgets: Sequence[Budget], policy: Policy) -> Iterator[Check]:
    """A check for each reading with a budget, for every trial; headlines have a usual budget if nobody gives one.

    A pattern covers what the baseline knows in every pair: what is too rare for that has no p95 to lose, and nobody has
    named it. Raises BadInput for a baseline that was made in other water or by another version, and for a
    budget that fits no reading.
    """
    readings = _one_of_each(run for side in (fleet, baseline) for run in side.runs)
    given = tuple(budgets) or usual_budgets(readings.values())
    wanted = {name: budget for budget in given for name in covered(budget, readings.values())}
    for name, budget in wanted.items():
        way(readings[name], budget)
    for trial, series in fleet.series().items():
        pairs = _pairs(trial, series, baseline)
        values = [(a.readings, b.readings) for a, b in pairs.runs] if pairs else []
        seen = {name: [(a.get(name), b.get(name)) for a, b in values] for name in wanted}
        for name in _worth_it(wanted, seen):
            plain = _plain(trial, readings[name], wanted[name], paired=pairs is not None)
            both = seen[name]
            yield _counted(plain, pairs, both, wanted[name], policy) if pairs and both else plain


def _worth_it(wanted: Mapping[str, Budget], seen: Mapping[str, Sequence[_Both]]) -> Iterator[str]:
    """Readings that are held against their budget: all that are named, and of a pattern those that are no rarity."""
    rare = {name for name in wanted if any(_unknown(a) for a, _ in seen[name])}
    common = {wanted[name].measure for name in wanted if name not in rare}
    for name, budget in wanted.items():
        if name not in rare or name == budget.measure or budget.measure not in common:
            yield name


def _one_of_each(runs: Iterable[FinishedRun]) -> Mapping[str, Reading]:
    """A reading of every name, one that was measured if there is any."""
    found: dict[str, Reading] = {}
    for run in runs:
        for reading in run.verdict.readings:
            if found.setdefault(reading.name, reading).value is None:
                found[reading.name] = reading
    return found


def _pairs(trial: Trial, series: Series, baseline: Fleet) -> Pairs | None:
    """The pairs with the baseline's trial of the same scenario and integration; with its only one if names differ."""
    there = {each: runs for each, runs in baseline.series().items() if each.scenario == trial.scenario}
    named = {each: runs for each, runs in there.items() if each.integration == trial.integration}
    found = named or (there if len(there) == 1 else {})
    if not found:
        return None
    if len(found) > 1:
        what = "the baseline holds several trials of one scenario and integration"
        raise BadInput(what, value=trial.name, hint=f"give the folder of one of them, not {baseline.label}")
    other, runs = next(iter(found.items()))
    _same_water(other, trial)
    return pair_trials(other, runs, trial, series)


def _same_water(baseline: Trial, trial: Trial) -> None:
    hint = "run both sides in the same way"
    if baseline.version != trial.version:
        said = f"baseline {baseline.version or 'unknown'} / now {trial.version or 'unknown'}"
        what = f"the baseline of {trial.name} was made by another version of Seatrial"
        raise BadInput(what, value=said, hint="run the baseline anew with this version")
    if baseline.water != trial.water:
        said = f"baseline {dict(baseline.water) or 'none'} / now {dict(trial.water) or 'none'}"
        raise BadInput(f"the baseline of {trial.name} has other settings of the world", value=said, hint=hint)


def _plain(trial: Trial, some: Reading, budget: Budget, *, paired: bool) -> Check:
    lacks = "no run with the same seed" if paired else "no runs of this scenario and integration"
    return Check(
        scenario=trial.scenario,
        integration=trial.integration,
        kind="regression",
        measure=some.name,
        wanted=f"{budget.text} {'of' if '%' in budget.text else 'over'} the baseline",
        unit=some.unit,
        better=some.better,
        statistic="median change",
        detail=f"the baseline has {lacks}",
    )


def _counted(plain: Check, pairs: Pairs, both: Sequence[_Both], budget: Budget, policy: Policy) -> Check:
    states = [_within(a, b, budget) for a, b in both]
    bad = [run for (_, run), state in zip(pairs.runs, states, strict=True) if state is False]
    changes = [change for a, b in both if (change := _change(a, b)) is not None]
    low, high = quantile_interval(changes, 0.5, policy.alarm_rate)
    return msgspec.structs.replace(
        plain,
        kept=states.count(True),
        failed=len(bad),
        unknown=states.count(None),
        value=median_low(changes) if changes else None,
        low=low,
        high=high,
        seeds=tuple(run.seed for run in bad[:FIRST]),
        paths=tuple(run.path for run in bad[:FIRST]),
        detail=_why_unknown(both),
    )


def _within(a: Reading | None, b: Reading | None, budget: Budget) -> bool | None:
    """Whether the pair keeps its budget; None where one side does not know."""
    if a is None or b is None or a.value is None or b.value is None:
        return None
    bound = budget.bound(a)
    return b.value <= bound if a.better == "lower" else b.value >= bound


def _change(a: Reading | None, b: Reading | None) -> float | None:
    if a is None or b is None or a.value is None or b.value is None:
        return None
    return difference(a.value, b.value)


def _why_unknown(both: Sequence[_Both]) -> str:
    """Which side does not know it, and why."""
    for place, side in enumerate(("the baseline", "the new side")):
        lacking = [pair[place] for pair in both if pair[place] is None or _unknown(pair[place])]
        if lacking:
            some = next((each.detail for each in lacking if each is not None and each.detail), "")
            return f"{side} {'does not know it: ' + some if some else 'has no such reading'}"
    return ""


def _unknown(reading: Reading | None) -> bool:
    return reading is None or reading.value is None or math.isnan(reading.value)
