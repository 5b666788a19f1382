"""Comparisons paired by seed: better, worse, equal or undecided, and what must not be held side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seatrial.reports.comparison import Comparison, compare_fleets
from seatrial.reports.comparison_markdown import comparison_markdown
from seatrial.reports.differences import Difference
from seatrial.reports.fleet import Fleet, Stray, fleet_of
from seatrial.reports.pairing import Side, split
from seatrial.sim.errors import BadInput, UnknownName


def side(made, label: str, values, name: str = "wait.p95", first: int = 0, **about) -> Fleet:
    about = {"integration": label, **about}
    return fleet_of([made(first + seed, {name: value}, **about) for seed, value in enumerate(values)], label=label)


def of(comparison: Comparison, name: str = "wait.p95") -> Difference:
    return next(each for each in comparison.differences if each.measure == name)


def compared(made, a, b, name: str = "wait.p95") -> Difference:
    return of(compare_fleets(side(made, "a", a, name), side(made, "b", b, name)), name)


WAVES = [float(each) for each in np.random.default_rng(5).exponential(100, size=12)]


def test_pairs_see_what_medians_cannot(made) -> None:
    """Every seed is three seconds slower, in water that differs by hundreds: paired, it is seen."""
    found = compared(made, WAVES, [each + 3 for each in WAVES])
    assert (found.judgement, found.change) == ("worse", pytest.approx(3))
    assert found.low == pytest.approx(3)


def test_which_way_is_better_is_the_readings_own(made) -> None:
    """A lower wait is better, a lower share of completed orders is worse, fewer orders are neither."""
    lower = [each / 2 for each in WAVES]
    assert compared(made, WAVES, lower).judgement == "better"
    shares, fewer = [0.9 + n / 200 for n in range(12)], [0.8 + n / 150 for n in range(12)]
    assert compared(made, shares, fewer, "orders.completed_share").judgement == "worse"
    assert compared(made, WAVES, lower, "orders.placed").judgement == "changed"


def test_the_same_runs_are_equal(made) -> None:
    """Nothing is tested where no pair differs."""
    found = compared(made, WAVES, WAVES)
    assert (found.judgement, found.chance, found.change, found.low, found.high) == ("equal", None, 0, 0, 0)


def test_what_may_be_chance_is_undecided(made) -> None:
    """As many seeds are faster as slower."""
    found = compared(made, WAVES, [each + (-1) ** n for n, each in enumerate(WAVES)])
    assert found.judgement == "undecided"
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_few_pairs_are_undecided_and_say_how_many_would_do(made) -> None:
    """Five pairs cannot differ significantly at 5 %, however much they differ."""
    found = compared(made, WAVES[:5], [each * 9 for each in WAVES[:5]])
    assert (found.judgement, found.why, found.low) == ("undecided", "5 of at least 6 pairs", None)


def test_never_is_worse_than_any_time(made) -> None:
    """Two that never came are equal; one that never comes any more is worse, and makes no mean."""
    found = compared(made, [*WAVES[:10], math.inf, math.inf], [math.inf] * 12)
    assert (found.judgement, found.change, found.low, found.high) == ("worse", math.inf, math.inf, math.inf)
    assert "order statistics" in found.method
    both = compared(made, [math.inf] * 6 + [1.0] * 6, [1.0] * 6 + [math.inf] * 6)
    assert both.judgement == "undecided"


def test_unknown_readings_leave_their_pair_out(made) -> None:
    """A pair of which one side does not know the reading is counted as left out."""
    found = compared(made, [None, None, *WAVES[2:]], [each + 1 for each in WAVES])
    assert (found.pairs, found.left_out, found.judgement) == (10, 2, "worse")


def test_verdicts_are_compared_by_the_pairs_that_differ(made) -> None:
    """Green against not green, by McNemar's exact test."""
    green = [made(seed, {"duplicates.total": 0.0}, {"duplicates.total": 0}, integration="a") for seed in range(12)]
    red = [made(seed, {"duplicates.total": 1.0}, {"duplicates.total": 0}, integration="b") for seed in range(12)]
    found = of(compare_fleets(fleet_of(green), fleet_of(red)), "passed")
    assert (found.judgement, found.a, found.b, found.chance) == ("worse", 1.0, 0.0, pytest.approx(2 * 0.5**12))
    assert "McNemar" in found.method


def test_what_is_called_better_or_worse_by_chance_is_rare(made) -> None:
    """Of 400 comparisons of equal sides with three readings each, at most 5 % call any of them better or worse."""
    rng, names, alarms = np.random.default_rng(11), ("wait.p95", "recovery.max", "duplicates.total"), 0
    for _ in range(400):
        both = rng.poisson(3, size=(2, 10, len(names))).astype(float)
        rows = [[dict(zip(names, row, strict=True)) for row in side] for side in both]
        a, b = (fleet_of([made(n, row, integration=str(id(side))) for n, row in enumerate(side)]) for side in rows)
        alarms += any(each.judgement in ("better", "worse") for each in compare_fleets(a, b).differences)
    assert alarms <= 30  # 20 are allowed on average; 30 are exceeded once in a hundred


def test_seeds_without_a_partner_are_left_out_and_told(made) -> None:
    """Only seeds that both sides have are compared."""
    comparison = compare_fleets(side(made, "a", WAVES), side(made, "b", WAVES, first=4))
    assert of(comparison).pairs == 8
    assert "storm: 8 runs have no partner with the same seed and are left out" in comparison.notes


def test_strays_are_told(made) -> None:
    """A crashed run does not vanish from the comparison without a word."""
    a = side(made, "a", WAVES)
    stray = Stray(path="a/seed-9", kind="crashed", what="the harness failed: x")
    comparison = compare_fleets(fleet_of(a.runs, strays=[stray]), side(made, "b", WAVES))
    assert "left out: a/seed-9: the harness failed: x" in comparison.notes


BAD = {
    "no seed in common": {"first": 100},
    "no scenario in common": {"scenario": "calm"},
    "different texts": {"scenario_digest": "another"},
    "differ in more than one thing": {"versions": {"seatrial": "2"}},
}


@pytest.mark.parametrize("words", BAD)
def test_sides_that_cannot_be_compared_are_refused(made, words: str) -> None:
    """Other seeds, scenarios, texts, or two changes at once: nobody could say what made the difference."""
    with pytest.raises(BadInput, match=words):
        compare_fleets(side(made, "a", WAVES), side(made, "b", WAVES, **BAD[words]))


def test_one_side_with_two_integrations_is_refused(made) -> None:
    """It says how to split them."""
    mixed = fleet_of([*side(made, "a", WAVES).runs, *side(made, "c", WAVES).runs], label="mixed")
    with pytest.raises(BadInput, match=r"runs that differ in integration.*known: a, c.*--by integration"):
        compare_fleets(mixed, side(made, "b", WAVES))


@pytest.mark.parametrize(
    ("by", "about"),
    [("settings", {"settings": {"controls.retry": "false"}}), ("version", {"versions": {"seatrial": "2"}})],
)
def test_one_tree_is_split_into_its_sides(made, by: Side, about: dict) -> None:
    """By integration, settings or version; the base is the first."""
    tree = [*side(made, "a", WAVES).runs, *side(made, "a", [each + 1 for each in WAVES], **about).runs]
    (_, one), (_, two) = split(fleet_of(tree), by)
    comparison = compare_fleets(one, two)
    assert (comparison.side, of(comparison).judgement) == (by, "worse")


def test_a_tree_that_cannot_be_split_is_refused(made) -> None:
    """One side only, or a base that is not there."""
    with pytest.raises(BadInput, match="do not differ in version"):
        split(side(made, "a", WAVES), "version")
    with pytest.raises(BadInput, match="no runs with this integration: 'c'"):
        split(side(made, "a", WAVES), "integration", "c")


def test_an_unknown_reading_is_answered_with_the_nearest(made) -> None:
    """A pattern that fits nothing is a mistake, not an empty table."""
    with pytest.raises(UnknownName, match=r"did you mean 'wait\.p95'"):
        compare_fleets(side(made, "a", WAVES), side(made, "b", WAVES), measures=["wait.p59"])


def test_names_cannot_break_the_markdown(made) -> None:
    """A pipe, a tag and a mention are shown as they are."""
    text = comparison_markdown(compare_fleets(side(made, "a|<b>", WAVES), side(made, "@all", [1.0] * 12)))
    assert "a\\|&lt;b&gt;" in text
    assert "@all" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
