"""Pairs of runs: which two were made in the same water, and what must not be held side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, get_args

import msgspec

from seatrial.reports.fleet import FinishedRun, Fleet, Series, Trial
from seatrial.sim.errors import BadInput

Side = Literal["integration", "settings", "version"]
"""In what two sides may differ."""
SIDES: Final[tuple[Side, ...]] = get_args(Side)
"""All of them."""


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """Two trials of one scenario, run by run with the same seed."""

    a: Trial
    """What the other is held against."""
    b: Trial
    """What is asked about."""
    runs: tuple[tuple[FinishedRun, FinishedRun], ...]
    """Runs of both with the same seed, by seed."""
    alone: int = 0
    """Seeds that only one side has: they are left out."""

    @property
    def differ(self) -> tuple[Side, ...]:
        """In what the two sides differ."""
        return differing(self.a, self.b)


def pair_up(fleet_a: Fleet, fleet_b: Fleet) -> tuple[tuple[Pairs, ...], tuple[str, ...]]:
    """Pairs for each scenario of both sides, and what was left out, in words.

    Each side has one trial for each scenario, and the two may differ in one thing only: integration, settings or
    version. Raises BadInput otherwise, and where there is nothing to pair.
    """
    a, b = _by_scenario(fleet_a), _by_scenario(fleet_b)
    pairs = tuple(pair_trials(*a[name], *b[name]) for name in a if name in b)
    for each in pairs:
        _comparable(each)
    if not any(each.runs for each in pairs):
        raise _nothing(fleet_a, fleet_b, a, b)
    return pairs, tuple(_left_out(fleet_a, fleet_b, a, b, pairs))


def pair_trials(trial_a: Trial, series_a: Series, trial_b: Trial, series_b: Series) -> Pairs:
    """Pair two trials by seed. Raises BadInput where their scenarios have different texts."""
    if trial_a.digest != trial_b.digest:
        hint = "run both sides with the same scenario file"
        what = "two scenarios of the same name with different texts cannot be compared"
        raise BadInput(what, value=trial_a.scenario, hint=f"{_example(series_a)} and {_example(series_b)} · {hint}")
    both = [seed for seed in series_a if seed in series_b]
    alone = len(series_a) + len(series_b) - 2 * len(both)
    return Pairs(a=trial_a, b=trial_b, runs=tuple((series_a[seed], series_b[seed]) for seed in both), alone=alone)


def differing(one: Trial, other: Trial) -> tuple[Side, ...]:
    """In what two trials differ, besides the scenario."""
    found: list[Side] = [side for side in SIDES if getattr(one, side) != getattr(other, side)]
    return tuple(found)


def split(fleet: Fleet, side: Side, base: str = "") -> tuple[tuple[str, Fleet], ...]:
    """One tree of runs as several sides, the base first. Raises BadInput for fewer than two, and an unknown base."""
    found: dict[str, list[FinishedRun]] = {}
    for run in fleet.runs:
        found.setdefault(side_name(run.trial, side), []).append(run)
    names = sorted(found)
    if base and base not in found:
        raise BadInput(f"no runs with this {side}", value=base, known=names, where="--base")
    if len(names) < 2:
        hint = f"give two trees, or runs of at least two: {fleet.label}"
        raise BadInput(f"the runs do not differ in {side}", value=", ".join(names), hint=hint, where=f"--by {side}")
    names.sort(key=lambda name: name != base)
    return tuple((name, msgspec.structs.replace(fleet, runs=tuple(found[name]), label=name)) for name in names)


def side_name(trial: Trial, side: Side) -> str:
    """How one side is called."""
    if side == "settings":
        return trial.settings_text or "as the scenario says"
    return trial.integration if side == "integration" else trial.version


def _by_scenario(fleet: Fleet) -> Mapping[str, tuple[Trial, Series]]:
    found: dict[str, tuple[Trial, Series]] = {}
    for trial, series in fleet.series().items():
        if trial.scenario in found:
            _refuse_mixture(fleet, found[trial.scenario][0], trial)
        found[trial.scenario] = trial, series
    return found


def _refuse_mixture(fleet: Fleet, one: Trial, other: Trial) -> None:
    sides = differing(one, other)
    side = sides[0] if sides else None
    if side is None:
        what, known = "one side holds scenarios of the same name with different texts", []
    else:
        what, known = f"one side holds runs that differ in {side}", [side_name(one, side), side_name(other, side)]
    hint = f"give the folder of one of them, or one tree with --by {side or 'integration'}"
    raise BadInput(what, value=f"{fleet.label}: {one.scenario}", known=known, hint=hint)


def _comparable(pairs: Pairs) -> None:
    if len(pairs.differ) < 2:
        return
    said = "; ".join(f"{side}: {side_name(pairs.a, side)} / {side_name(pairs.b, side)}" for side in pairs.differ)
    hint = "nobody could say which of them made a difference: change one thing at a time"
    raise BadInput(f"the two sides of {pairs.a.scenario} differ in more than one thing", value=said, hint=hint)


def _nothing(fleet_a: Fleet, fleet_b: Fleet, a: Mapping[str, object], b: Mapping[str, object]) -> BadInput:
    strays = [stray.text for stray in (*fleet_a.strays, *fleet_b.strays)]
    lost = f" · left out: {strays[0]}" + (f" and {len(strays) - 1} more" if len(strays) > 1 else "") if strays else ""
    both = ", ".join(sorted(set(a) & set(b)))
    if both:
        hint = "pairs are made by seed: run both sides with the same seeds"
        return BadInput("the two sides have no seed in common", value=both, hint=hint + lost)
    said = f"{fleet_a.label}: {', '.join(a) or 'none'} / {fleet_b.label}: {', '.join(b) or 'none'}"
    return BadInput("the two sides have no scenario in common", value=said, hint="run the same scenarios" + lost)


def _left_out(
    fleet_a: Fleet, fleet_b: Fleet, a: Mapping[str, object], b: Mapping[str, object], pairs: tuple[Pairs, ...]
) -> Iterator[str]:
    for name in sorted(set(a) ^ set(b)):
        yield f"{name} was run on one side only and is left out"
    for each in pairs:
        if each.alone:
            yield f"{each.a.scenario}: {each.alone} runs have no partner with the same seed and are left out"
    for fleet in (fleet_a, fleet_b):
        yield from fleet.notes
        yield from (f"left out: {stray.text}" for stray in fleet.strays)


def _example(series: Series) -> str:
    return next(iter(series.values())).path
