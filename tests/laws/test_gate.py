"""The gate can fail, and does not cry wolf: a missing safeguard turns it red, identical code no more than stated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec
import numpy as np
import pytest
from scipy import stats

import seatrial
from seatrial.reports.budgets import Budget
from seatrial.reports.checks import Policy
from seatrial.reports.facts import Facts
from seatrial.reports.fleet import FinishedRun, Fleet, fleet_of
from seatrial.reports.gate import GateVerdict, judge_fleet
from seatrial.reports.limitcheck import check
from seatrial.reports.limits import parse_limits
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.verdict import Outcome, Verdict
from seatrial.sim.manifest import About

SCENARIO = "lost-erp-replies"
SHORT: Mapping[str, str] = MappingProxyType({"calm": "2 d", "duration": "12 h", "demand.arrivals.rate": "2/h"})
AS_IT_IS: Mapping[str, str] = MappingProxyType({})
NAMES = tuple(f"wait.{letter}" for letter in "abcdefgh")
KNOWN = tuple(Definition(name=name, unit="s", better="lower", meaning="how long") for name in NAMES)
MEDIAN = 60.0
SEEDS, GATES = 20, 200
Voyages = Callable[..., tuple[FinishedRun, ...]]


def most(gates: int, rate: float) -> int:
    """Alarms among so many gates that a gate with this rate exceeds once in a thousand times."""
    return int(stats.binom.ppf(0.999, gates, rate))


@pytest.fixture(scope="module")
def voyages() -> Voyages:
    """Real runs of a short scenario."""
    made: dict[tuple[int, str, tuple[tuple[str, str], ...]], FinishedRun] = {}

    def sail(
        seeds: Sequence[int], integration: str = "resilient", more: Mapping[str, str] = AS_IT_IS
    ) -> tuple[FinishedRun, ...]:
        settings = {**SHORT, **more}
        for seed in seeds:
            key = seed, integration, tuple(settings.items())
            if key not in made:
                run = seatrial.run(SCENARIO, seed=seed, integration=integration, settings=settings)
                about = About(scenario=SCENARIO, seed=seed, integration=integration, settings=settings, versions={})
                made[key] = FinishedRun(path=f"seed-{seed}", about=about, digest=run.digest, verdict=run.verdict)
        return tuple(made[seed, integration, tuple(settings.items())] for seed in seeds)

    return sail


def renumbered(runs: Sequence[FinishedRun]) -> Fleet:
    """Runs as if they had been made with seeds from 0 on."""
    return fleet_of(
        msgspec.structs.replace(run, about=msgspec.structs.replace(run.about, seed=seed), digest=str(seed))
        for seed, run in enumerate(runs)
    )


def drawn(rng: np.random.Generator, *, slower: float = 1.0, seeds: int = SEEDS, tide: Sequence[float] = ()) -> Fleet:
    """Runs whose waits are drawn from one skewed distribution with the median at the limit: half of all runs are late.

    `tide` is what both sides of a pair share; `slower` is a factor on the first wait.
    """
    limits = parse_limits(dict.fromkeys(NAMES, f"<= {MEDIAN:g} s"), KNOWN)
    runs = []
    for seed in range(seeds):
        waits = MEDIAN * np.exp(rng.normal(0, 0.3, size=len(NAMES))) * (tide[seed] if len(tide) else 1.0)
        waits[0] *= slower
        readings = tuple(
            Reading(name=name, value=float(wait), unit="s", better="lower")
            for name, wait in zip(NAMES, waits, strict=True)
        )
        verdict = Verdict(outcome=Outcome.PASSED, facts=Facts(), limits=check(limits, readings), readings=readings)
        runs.append(
            FinishedRun(
                path=f"seed-{seed}",
                about=About(scenario="s", seed=seed, versions={}),
                digest=str(seed),
                verdict=verdict,
            )
        )
    return fleet_of(runs)


def without_limits(fleet: Fleet) -> Fleet:
    runs = (msgspec.structs.replace(run, verdict=msgspec.structs.replace(run.verdict, limits=())) for run in fleet.runs)
    return fleet_of(runs)


def regressed(verdict: GateVerdict) -> bool:
    return any(each.kind == "regression" for each in verdict.judged("broken"))


def alarms(gates: int, rate: float) -> int:
    """False alarms among gates of identical code: eight limits at their worst, eight budgets of nothing at all."""
    rng, policy = np.random.default_rng(2024), Policy(alarm_rate=rate)
    budgets = [Budget.parse(f"{name}=+0%") for name in NAMES]
    verdicts = (judge_fleet(drawn(rng), drawn(rng), budgets=budgets, policy=policy) for _ in range(gates))
    return sum(verdict.outcome is Outcome.VIOLATED for verdict in verdicts)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_identical_code_alarms_no_more_than_stated(rate: float) -> None:
    """200 gates of the worst case: every limit at the very median, every budget nothing, sixteen checks each."""
    assert alarms(GATES, rate) <= most(GATES, rate)


def test_a_gate_without_holm_would_cry_wolf() -> None:
    """The same gates with each check on its own: the law above can fail."""
    rng, red = np.random.default_rng(2024), 0
    for _ in range(GATES):
        verdict = judge_fleet(drawn(rng), policy=Policy(alarm_rate=0.2))
        red += any(each.chance is not None and each.chance <= 0.2 for each in verdict.checks)
    assert red > most(GATES, 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.01, 0.2])
def test_identical_runs_alarm_no_more_than_stated(voyages: Voyages, rate: float) -> None:
    """200 gates of runs drawn from a pool, the baseline from the same pool: noise that pairing does not take away."""
    pool, rng = voyages(range(1, 25)), np.random.default_rng(7)
    budgets = [Budget.parse(text) for text in ("latency.*.max=+0%", "recovery.*=+0%", "retry.*=+0%")]
    red = 0
    for _ in range(GATES):
        order = rng.permutation(len(pool))
        now, before = (renumbered([pool[place] for place in half]) for half in (order[:12], order[12:]))
        verdict = judge_fleet(now, before, budgets=budgets, policy=Policy(alarm_rate=rate))
        red += verdict.outcome is Outcome.VIOLATED
    assert red <= most(GATES, rate)


@pytest.mark.slow
def test_the_same_code_and_seeds_are_green(voyages: Voyages) -> None:
    """One seed, one history: against itself every budget of nothing is kept."""
    fleet = fleet_of(voyages(range(1, 13)))
    budgets = [Budget.parse("latency.*.p50=+0%"), Budget.parse("recovery.max=+0%")]
    verdict = judge_fleet(fleet, fleet, budgets=budgets)
    assert {each.judgement for each in verdict.checks if each.kind == "regression" and not each.unknown} == {"held"}
    assert not verdict.judged("broken")


@pytest.mark.slow
def test_a_safeguard_removed_turns_the_gate_red(voyages: Voyages) -> None:
    """The reference breaks nothing; without the key that makes an order known again the same gate is violated."""
    seeds = range(1, 9)
    assert judge_fleet(fleet_of(voyages(seeds))).judged("broken") == ()
    verdict = judge_fleet(fleet_of(voyages(seeds, more={"controls.idempotency_key": "false"})))
    assert verdict.outcome is Outcome.VIOLATED
    assert "duplicates.total" in {check.measure for check in verdict.judged("broken")}


@pytest.mark.slow
def test_a_real_regression_is_found_with_eight_seeds(voyages: Voyages) -> None:
    """Listings of the retrying reference are a quarter of an hour old at worst, those of the resilient one are not."""
    seeds, budget = range(1, 9), [Budget.parse("staleness.listing.max=+5 min")]
    old, new = fleet_of(voyages(seeds)), fleet_of(voyages(seeds, "retrying"))
    assert regressed(judge_fleet(new, old, budgets=budget))
    assert not regressed(judge_fleet(old, new, budgets=budget))


def found(slower: float, seeds: int) -> float:
    """Share of 100 gates that find a wait to be longer than a budget of 5 % allows, among eight checks."""
    rng, hits = np.random.default_rng(99), 0
    budgets = [Budget.parse(f"{name}=+5%") for name in NAMES]
    for _ in range(100):
        tide = np.exp(rng.normal(0, 1, size=seeds)).tolist()
        old = without_limits(drawn(rng, seeds=seeds, tide=tide))
        new = without_limits(drawn(rng, seeds=seeds, tide=tide, slower=slower))
        hits += regressed(judge_fleet(new, old, budgets=budgets))
    return hits / 100


@pytest.mark.parametrize(("slower", "seeds", "least"), [(2.0, 20, 0.8), (1.5, 40, 0.8)])
def test_a_regression_of_this_size_is_found(slower: float, seeds: int, least: float) -> None:
    """With 42 % noise in a pair: a doubled wait with 20 seeds, half as much again with 40, in four of five gates."""
    assert found(slower, seeds) >= least
