"""Laws of the known failures: a search finds each, tells it in a few words, and leaves its correct twin alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec
import pytest
from cases import CASES, ORDERS, RULES, RUNS, Case, pairs

from seatrial.searching import search
from seatrial.trial import Trial, sea
from seatrial.voyage import run

SEEDS = range(1, 201)
STORMS = 250
"""Every kind of fault alone, once or all the time, and two hundred storms by chance with seeds of their own."""
SHOPPERS = 12
"""Orders of a storm, at most."""
LONG = "30 min"
"""Time that never runs out: storms are counted, so that the machine's pace does not matter."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What the code under test logs about its faults is not part of any law."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_pair_of_the_folder_is_held_to_these_laws() -> None:
    """A pair that is added needs its duty and its finding."""
    assert sorted(each.name for each in CASES) == list(pairs())


@pytest.mark.slow
def test_the_bad_one_is_found_and_told_in_a_few_words(case: Case) -> None:
    """Within a few storms, with the finding that fits, and shrunk to two fault rules and three orders at most."""
    told = search(case.scenario, integration=case.twin("bad"), orders=SHOPPERS, budget=LONG, runs=RUNS)
    assert told.finding is not None
    assert told.finding.code == case.finding
    assert told.found is not None
    rules, orders, *_ = told.found.size
    assert rules <= RULES
    assert orders <= ORDERS


@pytest.mark.slow
def test_the_correct_twin_comes_through_the_same_search(case: Case) -> None:
    """Every kind of fault alone, and two hundred storms by chance over the same orders, each with its own seed."""
    told = search(case.scenario, integration=case.twin("good"), orders=SHOPPERS, budget=LONG, runs=STORMS)
    assert told.finding is None, told.found
    assert told.explored.runs == STORMS


@pytest.mark.slow
def test_the_correct_twin_comes_through_the_storm_that_the_bad_one_did_not(case: Case) -> None:
    """With any of two hundred seeds."""
    with sea():
        for seed in SEEDS:
            assert not _sailed(case, "good", seed).codes


def test_the_storm_that_is_kept_still_shows_the_failure(case: Case) -> None:
    """It is what the page tells of: small, and with the finding that fits."""
    with sea():
        assert case.finding in _sailed(case, "bad").codes


def test_calm_water_shows_it_only_where_the_world_alone_is_enough(case: Case) -> None:
    """Without a fault the bad one passes for a good one, but where a clock, a list or a second channel is enough."""
    good, bad = (run(case.scenario, integration=case.twin(which)) for which in ("good", "bad"))
    assert good.verdict.outcome.value == "passed"
    assert bad.verdict.outcome.value == ("violated" if case.in_calm_water else "passed")


@pytest.mark.parametrize("which", ["bad", "good"])
def test_two_webhooks_at_one_instant_race(which: str) -> None:
    """With tasks in the order of the dice the look before the insert lets both through; the insert alone lets one."""
    case = next(each for each in CASES if each.name == "check_then_insert")
    doubles = {"interleave": "seeded", "faults": "[{fault: webhook_duplicate, at: storefront, with: {gap: 0 s}}]"}
    runs = [
        run(case.scenario, integration=case.twin(which), seed=seed, settings=doubles, twice=False) for seed in (1, 2)
    ]
    doubled = [bool(each.reading("duplicates.sales_order").value) for each in runs]
    assert doubled == [which == "bad"] * 2


def _sailed(case: Case, which: str, seed: int = 0) -> Trial:
    storm = case.storm
    return Trial(msgspec.structs.replace(storm, seed=seed or storm.seed), case.twin(which))
