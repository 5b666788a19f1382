"""The gate: held, broken or open by what the seeds say with confidence, and never green by omission."""

from __future__ import annotations

import math

import msgspec
import pytest

from seatrial.reports.budgets import Budget
from seatrial.reports.checks import Check, Policy
from seatrial.reports.findings import Finding
from seatrial.reports.fleet import Fleet, Stray, fleet_of
from seatrial.reports.gate import GateVerdict, judge_fleet
from seatrial.reports.verdict import Outcome
from seatrial.sim.errors import BadInput, UnknownName

WAIT = {"wait.p95": "<= 10 min"}


def waits(made, values, limits=WAIT, name: str = "wait.p95", **known) -> Fleet:
    return fleet_of([made(seed, {name: value}, limits, **known) for seed, value in enumerate(values)], label="now")


def only(verdict: GateVerdict, kind: str = "limit") -> Check:
    (check,) = (each for each in verdict.checks if each.kind == kind)
    return check


def budgeted(made, before, now, text: str, name: str = "wait.p95") -> GateVerdict:
    old, new = waits(made, before, {}, name), waits(made, now, {}, name)
    return judge_fleet(new, old, budgets=[Budget.parse(f"{name}={text}")])


def test_a_limit_is_held_when_the_interval_lies_within(made) -> None:
    """Seven runs within are enough at 1 %: 0.5^7 is less."""
    verdict = judge_fleet(waits(made, [300.0] * 7))
    assert (verdict.outcome, only(verdict).judgement) == (Outcome.PASSED, "held")


def test_six_runs_are_too_few_and_say_so(made) -> None:
    """Thin evidence is inconclusive, with the number that would be enough."""
    verdict = judge_fleet(waits(made, [300.0] * 6))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "6 of at least 7 runs" in verdict.reasons[0]


def test_a_limit_is_broken_when_the_interval_lies_without(made) -> None:
    """The verdict names limit, seeds and folders."""
    check = only(judge_fleet(waits(made, [900.0 + seed for seed in range(10)])))
    assert (check.judgement, check.kept, check.failed, check.low) == ("broken", 0, 10, 900.0)
    assert (check.seeds, check.more) == ((0, 1, 2, 3, 4), " and 5 more")


def test_an_interval_across_the_limit_is_open(made) -> None:
    """Half within, half without: more runs may tell."""
    verdict = judge_fleet(waits(made, [300.0, 900.0] * 10))
    assert (verdict.outcome, only(verdict).judgement) == (Outcome.INCONCLUSIVE, "open")
    assert "it may be chance" in verdict.reasons[0]


@pytest.mark.parametrize("good", range(21))
def test_judgement_and_interval_never_contradict_each_other(made, good: int) -> None:
    """Held exactly if the upper end of the median's interval keeps the limit; broken only if the lower does not."""
    check = only(judge_fleet(waits(made, [300.0] * good + [900.0] * (20 - good))))
    assert (check.judgement == "held") == (check.high is not None and check.high <= 600)
    if check.judgement == "broken":
        assert check.low is not None
        assert check.low > 600


def test_one_duplicate_in_one_run_is_enough(made) -> None:
    """Where a limit leaves nothing over, one run is a proof, not a sample."""
    values = [0.0] * 19 + [1.0]
    verdict = judge_fleet(waits(made, values, {"duplicates.total": 0}, "duplicates.total"))
    assert (verdict.outcome, only(verdict).fatal, only(verdict).seeds) == (Outcome.VIOLATED, 1, (19,))
    assert verdict.tests == 0  # chance has no part in it, so it costs nothing of the alarm rate


def test_what_always_held_says_what_that_is_worth(made) -> None:
    """None of 20: at most 20.6 % of all runs, at 99 %."""
    check = only(judge_fleet(waits(made, [0.0] * 20, {"duplicates.total": 0}, "duplicates.total")))
    assert check.judgement == "held"
    assert "at most 20.6% are not (at 99.0% confidence)" in check.why


def test_one_recovery_that_never_came_is_enough(made) -> None:
    """Never is no slow value: it breaks any limit for good."""
    values = [60.0] * 19 + [math.inf]
    verdict = judge_fleet(waits(made, values, {"recovery.max": "<= 1 h"}, "recovery.max"))
    assert (verdict.outcome, only(verdict).fatal) == (Outcome.VIOLATED, 1)


def test_what_could_not_be_measured_counts_for_nobody(made) -> None:
    """Unknown in some runs: held only if the others suffice; unknown in all: open, with the reason."""
    assert only(judge_fleet(waits(made, [300.0] * 18 + [None] * 2))).judgement == "held"
    verdict = judge_fleet(waits(made, [None] * 20))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "20 do not say: 4 of at least 20 samples for p95" in verdict.reasons[0]


def test_an_unknown_run_is_no_proof_of_never(made) -> None:
    """`no duplicate in any run` cannot be said of a run that does not know."""
    verdict = judge_fleet(waits(made, [0.0] * 19 + [None], {"duplicates.total": 0}, "duplicates.total"))
    assert only(verdict).judgement == "open"


def test_more_may_be_demanded_than_the_median_run(made) -> None:
    """At 90 % of all runs, 20 of 20 are too few, and 44 are enough."""
    strict = Policy(keep=0.9)
    verdict = judge_fleet(waits(made, [300.0] * 20), policy=strict)
    assert "20 of at least 44 runs" in verdict.reasons[0]
    assert judge_fleet(waits(made, [300.0] * 44), policy=strict).outcome is Outcome.PASSED
    assert judge_fleet(waits(made, [300.0] * 10 + [900.0] * 10), policy=strict).outcome is Outcome.VIOLATED


def test_a_lower_limit_is_judged_by_its_own_side(made) -> None:
    """At least 95 % completed, of shares that are all above."""
    limits, name = {"orders.completed_share": ">= 95 %"}, "orders.completed_share"
    assert only(judge_fleet(waits(made, [0.97] * 10, limits, name))).judgement == "held"
    assert only(judge_fleet(waits(made, [0.9] * 10, limits, name))).judgement == "broken"


def test_a_limit_that_everything_keeps_is_no_check(made) -> None:
    """And a gate without checks is inconclusive."""
    verdict = judge_fleet(waits(made, [1.0] * 20, {"wait.p95": "any"}))
    assert (verdict.outcome, verdict.checks) == (Outcome.INCONCLUSIVE, ())


def test_an_integration_that_died_in_one_run_makes_the_gate_red(made) -> None:
    """A violation that no limit speaks of counts all the same, and one run is enough."""
    runs = [made(seed, {"wait.p95": 1.0}, WAIT) for seed in range(20)]
    finding = Finding(code="INTEGRATION_DIED", title="the integration ended by itself", gravity="violation")
    verdict = msgspec.structs.replace(runs[3].verdict, outcome=Outcome.VIOLATED, findings=(finding,))
    runs[3] = msgspec.structs.replace(runs[3], verdict=verdict)
    gate = judge_fleet(fleet_of(runs))
    died = next(check for check in gate.checks if check.measure == "INTEGRATION_DIED")
    assert (gate.outcome, died.judgement, died.seeds) == (Outcome.VIOLATED, "broken", (3,))
    assert "INTEGRATION_DIED wanted does not occur" in gate.reasons[0]


def test_a_rule_that_hardly_ever_strikes_makes_it_inconclusive(made) -> None:
    """It may miss a seed or two; a fault that was not there proves nothing."""
    often = fleet_of([made(seed, {"wait.p95": 1.0}, WAIT, fired=[seed > 1]) for seed in range(20)])
    never = fleet_of([made(seed, {"wait.p95": 1.0}, WAIT, fired=[False]) for seed in range(20)])
    assert judge_fleet(often).outcome is Outcome.PASSED
    verdict = judge_fleet(never)
    assert (verdict.outcome, only(verdict, "coverage").judgement) == (Outcome.INCONCLUSIVE, "open")


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("crashed", Outcome.HARNESS_ERROR), ("unfinished", Outcome.INCONCLUSIVE), ("damaged", Outcome.INCONCLUSIVE)],
)
def test_strays_are_never_green(made, kind, outcome: Outcome) -> None:
    """A crash is a harness error; what is half written or damaged leaves a doubt."""
    fleet = waits(made, [300.0] * 20)
    stray = Stray(path="now/seed-77", kind=kind, what="it is not whole")
    verdict = judge_fleet(fleet_of(fleet.runs, strays=[stray]))
    assert (verdict.outcome, verdict.reasons[0]) == (outcome, "now/seed-77: it is not whole")


@pytest.mark.parametrize("kind", ["edited", "conflict"])
def test_runs_that_cannot_be_trusted_are_refused(made, kind) -> None:
    """On either side."""
    fleet = waits(made, [300.0] * 20)
    wrong = fleet_of(fleet.runs, strays=[Stray(path="x/seed-1", kind=kind, what="edited by hand")])
    for sides in ((wrong, None), (fleet, wrong)):
        with pytest.raises(BadInput, match="x/seed-1: edited by hand"):
            judge_fleet(*sides)


def test_only_strays_are_inconclusive(made) -> None:
    """No run counts, so nothing was checked."""
    verdict = judge_fleet(fleet_of([], strays=[Stray(path="a", kind="unfinished", what="stopped")]))
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_the_gravest_counts(made) -> None:
    """A crash beside a broken limit is a harness error; a broken limit beside an open one is a violation."""
    both = {"wait.p95": "<= 10 min", "recovery.max": "<= 1 h"}
    fleet = fleet_of([made(seed, {"wait.p95": 900.0, "recovery.max": None}, both) for seed in range(20)])
    assert judge_fleet(fleet).outcome is Outcome.VIOLATED
    crash = Stray(path="b", kind="crashed", what="boom")
    assert judge_fleet(fleet_of(fleet.runs, strays=[crash])).outcome is Outcome.HARNESS_ERROR


def test_one_trial_in_two_ways_is_refused(made) -> None:
    """Runs with other settings, of another version or of another text are not the same population."""
    runs = waits(made, [300.0] * 8).runs
    ways: tuple[tuple[dict, str], ...] = (
        ({"settings": {"calm": "1 d"}}, "settings"),
        ({"versions": {"seatrial": "2"}}, "version"),
        ({"scenario_digest": "x"}, "text of the scenario"),
    )
    for about, word in ways:
        other = waits(made, [300.0] * 8, **about).runs
        with pytest.raises(BadInput, match=f"was run in two ways: .*{word}"):
            judge_fleet(fleet_of([*runs, *other]))


def test_a_regression_beyond_its_budget_is_broken(made) -> None:
    """Ten percent are allowed and every seed took 20 % longer."""
    before = [100.0 + seed for seed in range(12)]
    verdict = budgeted(made, before, [each * 1.2 for each in before], "+10%")
    assert only(verdict, "regression").judgement == "broken"
    assert budgeted(made, before, [each * 1.1 for each in before], "+10%").judged("broken") == ()


def test_the_same_runs_keep_every_budget(made) -> None:
    """Also one of nothing, and also where recovery never came before."""
    for value in (100.0, 0.0, math.inf):
        assert only(budgeted(made, [value] * 12, [value] * 12, "+0%"), "regression").judgement == "held"


def test_a_pattern_covers_what_the_baseline_knows(made) -> None:
    """What is too rare to be measured is judged where it is named, and leaves the gate open; a loss is not left out."""

    def side(*rare: int) -> Fleet:
        waits = [None if seed in rare else 3.0 for seed in range(20)]
        return fleet_of(
            [made(seed, {"recovery.max": 5.0, "wait.p95": wait}) for seed, wait in enumerate(waits)], label="now"
        )

    def judged(new: Fleet, old: Fleet, budget: str) -> dict[str, int]:
        verdict = judge_fleet(new, old, budgets=[Budget.parse(budget)])
        return {each.measure: each.unknown for each in verdict.checks if each.kind == "regression"}

    assert judged(side(3), side(3), "w*=+10%") == {"wait.p95": 1}  # nothing else is left of that pattern
    assert judged(side(3), side(3), "[rw]*=+10%") == {"recovery.max": 0}
    assert judged(side(3), side(3), "wait.p95=+10%") == {"wait.p95": 1}
    assert judged(side(3), side(), "[rw]*=+10%") == {"recovery.max": 0, "wait.p95": 1}


def test_never_is_beyond_every_budget(made) -> None:
    """From a time to never is a regression, from never to a time none."""
    assert only(budgeted(made, [9.0] * 12, [math.inf] * 12, "+900%"), "regression").judgement == "broken"
    assert only(budgeted(made, [math.inf] * 12, [9.0] * 12, "+0%"), "regression").judgement == "held"


def test_budgets_are_read_in_the_unit_of_the_reading(made) -> None:
    """Minutes for a time, percentage points for a share, a plain number for documents."""
    slower = budgeted(made, [60.0] * 12, [200.0] * 12, "+2 min")
    assert only(slower, "regression").judgement == "broken"
    assert only(budgeted(made, [60.0] * 12, [170.0] * 12, "+2 min"), "regression").judgement == "held"
    share = "orders.completed_share"
    assert only(budgeted(made, [0.99] * 12, [0.985] * 12, "-1pp", share), "regression").judgement == "held"
    assert only(budgeted(made, [0.99] * 12, [0.97] * 12, "-1pp", share), "regression").judgement == "broken"
    count = "duplicates.total"
    assert only(budgeted(made, [3.0] * 12, [4.0] * 12, "+1", count), "regression").judgement == "held"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("wait.p95", "10 apples", "apples"),
        ("wait.p95", "", "not a budget"),
        ("wait.p95", "+1.2.3%", "not a number"),
        ("wait.p95", "-10%", "demands to be better"),
        ("orders.completed_share", "+1%", "demands to be better"),
        ("orders.completed_share", "-0.01", "write '1%' for a part"),
        ("orders.placed", "+1%", "cannot regress"),
        ("wait.p95", "+10 documents", "documents"),
    ],
)
def test_a_budget_that_is_none_is_refused(made, name: str, text: str, words: str) -> None:
    """With what to write instead."""
    with pytest.raises(BadInput, match=words):
        budgeted(made, [0.5] * 12, [0.5] * 12, text, name)


def test_a_budget_for_an_unknown_reading_is_refused(made) -> None:
    """Neither side knows it."""
    fleet = waits(made, [1.0] * 12)
    with pytest.raises(UnknownName, match=r"did you mean 'wait\.p95'"):
        judge_fleet(fleet, fleet, budgets=[Budget.parse("wait.p59=+1%")])


def test_a_baseline_that_lacks_a_reading_is_inconclusive(made) -> None:
    """It cannot be said whether it became worse."""
    old = waits(made, [5.0] * 12, {"recovery.max": "any"}, "recovery.max")
    verdict = judge_fleet(waits(made, [1.0] * 12), old, budgets=[Budget.parse("wait.p95=+10%")])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "the baseline has no such reading" in verdict.reasons[0]


def test_headlines_have_a_usual_budget(made) -> None:
    """Who gives none allows ten percent on each headline that has a better way."""
    fleet = fleet_of(
        [made(seed, {"recovery.max": 9.0, "orders.placed": 5.0, "wait.p95": 3.0}, WAIT) for seed in range(9)]
    )
    verdict = judge_fleet(fleet, fleet)
    assert [(each.measure, each.wanted) for each in verdict.checks if each.kind == "regression"] == [
        ("recovery.max", "+10% (usual) of the baseline")
    ]


def test_a_baseline_without_a_common_reading_is_inconclusive(made) -> None:
    """Nothing was held against it."""
    fleet = waits(made, [1.0] * 12)
    verdict = judge_fleet(fleet, fleet)
    assert "nothing was held against the baseline" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"versions": {"seatrial": "0"}}, "another version of Seatrial: 'baseline 0 / now 1'"),
        ({"scenario_digest": "x"}, "different texts"),
        ({"settings": {"calm": "1 d"}}, "other settings of the world"),
    ],
)
def test_a_baseline_from_other_water_is_refused(made, about: dict, words: str) -> None:
    """Another version, another scenario text, other settings: the difference would not be the integration's."""
    budgets = [Budget.parse("wait.p95=+10%")]
    with pytest.raises(BadInput, match=words):
        judge_fleet(waits(made, [1.0] * 12), waits(made, [1.0] * 12, **about), budgets=budgets)


def test_controls_belong_to_the_integration_and_may_differ(made) -> None:
    """Whoever switched a safeguard off changed the thing under test, not the water."""
    old, budgets = waits(made, [1.0] * 12), [Budget.parse("wait.p95=+10%")]
    new = waits(made, [2.0] * 12, settings={"controls.retry": "false"})
    assert judge_fleet(new, old, budgets=budgets).outcome is Outcome.VIOLATED


@pytest.mark.parametrize(
    ("baseline", "words"),
    [({"scenario": "calm"}, "the baseline has runs of calm"), ({"first": 50}, "no run with the same seed")],
)
def test_a_baseline_without_partners_is_inconclusive(made, baseline: dict, words: str) -> None:
    """Other scenarios, other seeds: nothing was compared, and it is said."""
    first = baseline.pop("first", 0)
    old = fleet_of([made(first + seed, {"wait.p95": 1.0}, WAIT, **baseline) for seed in range(12)])
    verdict = judge_fleet(waits(made, [1.0] * 12), old, budgets=[Budget.parse("wait.p95=+10%")])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert words in " ".join(verdict.reasons)
    baseline.update({"first": first} if first else {})


def test_many_checks_need_more_for_an_alarm(made) -> None:
    """Eight of ten beyond a limit alarm nobody among many limits; the alarm rate is that of the whole gate."""
    names = ("wait.p95", "recovery.max")
    values = [700.0] * 9 + [500.0]
    one = judge_fleet(waits(made, values), policy=Policy(alarm_rate=0.015))
    limits = dict.fromkeys(names, "<= 10 min")
    two = fleet_of([made(seed, {"wait.p95": value, "recovery.max": 1.0}, limits) for seed, value in enumerate(values)])
    many = judge_fleet(two, policy=Policy(alarm_rate=0.015))
    assert (one.outcome, many.outcome) == (Outcome.VIOLATED, Outcome.INCONCLUSIVE)
    assert many.checks[0].chance is not None
    assert many.checks[0].adjusted == pytest.approx(2 * many.checks[0].chance)
