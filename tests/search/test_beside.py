"""Laws of a search by several processes: together they look at what one would look at, and none is left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import islice
from multiprocessing import active_children
from pathlib import Path
from time import monotonic

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.scenarios.loader import load_scenario
from seatrial.search_beside import Part, beside
from seatrial.search_engine import Hunt
from seatrial.search_quest import Quest
from seatrial.search_storms import keep
from seatrial.searching import search
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.storms import Storm, calm_water
from seatrial.strategies import sail
from seatrial.trial import Trial, sea
from seatrial.voyage import run

LONG = "10 min"
NOWHERE = "NEGATIVE_STOCK"
"""A finding that none of these makes: the search goes on."""
GUESTS = Path(__file__).with_name("beside_guests.py")


@pytest.fixture(autouse=True)
def nobody_left_behind() -> Iterator[None]:
    """However a search ends, its processes end with it."""
    yield
    assert active_children() == []


@given(st.integers(1, 9), st.lists(st.integers(), max_size=40), st.integers(1, 400))
def test_parts_are_the_whole(parts: int, storms: list[int], runs: int) -> None:
    """Every storm, every round of chance and every run that was asked for belongs to one part."""
    quests = [Quest(1.0, 20, 1, runs=runs, part=part, parts=parts) for part in range(parts)]
    assert sorted(each for quest in quests for each in quest.mine(storms)) == sorted(storms)
    assert sorted(each for quest in quests for each in islice(quest.rounds, 5)) == list(range(5 * parts))
    assert sum(quest.most for quest in quests) == runs


@pytest.mark.slow
def test_two_processes_look_at_as_much_as_was_asked_for() -> None:
    """What each has counted is put together."""
    result = search("open-water", integration="resilient", budget=LONG, orders=4, runs=61, jobs=2)
    assert result.found is None
    assert (result.explored.runs, result.interrupted) == (61, False)
    assert len(result.explored.kinds) > 15


@pytest.mark.slow
def test_what_another_process_finds_is_real(tmp_path: Path) -> None:
    """It is sailed here, shrunk, and its file replays the very run."""
    result = search("open-water", integration="retrying", budget=LONG, orders=6, jobs=3, out=tmp_path)
    assert result.found is not None
    assert result.path is not None
    assert len(result.found.rules) <= 2
    assert run(result.path, seed=result.found.seed, integration="retrying").digest == result.digest


@pytest.mark.slow
def test_the_other_process_tells_what_it_found(tmp_path: Path) -> None:
    """The storm arrives here, and does its harm here as well."""
    calm = calm_water(load_scenario("open-water"), 6)
    with beside([Part(calm.text, "here", "retrying", Quest(600.0, 6, 1, part=1, parts=2))]) as others:
        told: list[Storm] = []

        def hear() -> bool:
            told.extend(filter(None, [others.found()]))
            return bool(told)

        others.wait(monotonic() + 60, hear)
        (storm,) = told
    assert sail(storm, "retrying").codes
    assert sum(each.runs for each in others.tallies) > 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_known_storm_is_sailed_however_short_the_time(jobs: int, tmp_path: Path) -> None:
    """Others may not have begun when it is over; that none of the known did harm is told."""
    for orders in (1, 2, 3):
        keep(calm_water(load_scenario("open-water"), orders), tmp_path, "CALM", "resilient")
    result = search("open-water", integration="resilient", budget=0.001, jobs=jobs, runs=1, out=tmp_path)
    assert result.explored.runs >= 3
    assert (result.found, result.known_storms, result.withstood) == (None, 3, 3)


def test_a_known_storm_comes_before_what_another_process_found(tmp_path: Path) -> None:
    """What another process found first does not keep the known ones from being sailed."""
    calm = calm_water(load_scenario("open-water"), 2)
    for seed in (1, 2):
        keep(msgspec.structs.replace(calm, seed=seed), tmp_path, "CALM", "resilient")
    hunt = Hunt(calm, "resilient", Quest(600.0, 2, 1), lambda: None)
    with sea("resilient"):
        hunt.found = Trial(calm, "resilient")
        hunt.pursue(tmp_path)
    assert (hunt.withstood, hunt.tally.runs) == (2, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("guest", "words"),
    [
        ("leaves", "a process that searched beside this one ended with exit code 7 · it said last: out of coal"),
        ("blocks", "time.sleep leaves virtual time"),
    ],
)
def test_trouble_of_another_process_is_told(guest: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search ends with it, as it does with trouble of its own."""
    monkeypatch.setenv("SEATRIAL_TEST_FIRST_PROCESS", str(os.getpid()))
    with pytest.raises(HarnessError, match=words):
        search(
            "open-water", integration=f"{GUESTS}:{guest}", budget=LONG, findings=[NOWHERE], jobs=2, twice=False,
            without=["integration_crash"],
        )  # fmt: skip


def test_a_function_within_a_function_is_searched_with_by_one() -> None:
    """Nobody else finds it."""

    async def within(_: object) -> None:
        await asyncio.sleep(1e9)

    with pytest.raises(BadInput, match="search in one process: jobs=1"):
        search("open-water", integration=within, jobs=2)
    with pytest.raises(BadInput, match="a search needs a process"):
        search("open-water", integration="naive", jobs=0)
