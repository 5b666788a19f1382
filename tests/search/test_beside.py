"""Laws of a search by several processes: together they look at what one would look at, and none is left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import islice
from multiprocessing import active_children
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.scenarios.loader import load_scenario
from seatrial.search_beside import Part, beside
from seatrial.search_quest import Quest
from seatrial.search_storms import keep
from seatrial.searching import search
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.storms import calm_water
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
    """The second of two parts has the second of two known storms, with its file."""
    found = search("open-water", integration="retrying", budget=LONG, orders=6)
    assert found.found is not None
    calm = calm_water(load_scenario("open-water"), 4)
    keep(calm, tmp_path, "A_CALM_DAY", "retrying")
    kept = keep(found.found, tmp_path, "Z_STORM", "retrying")
    quest = Quest(600.0, 4, 1, part=1, parts=2)
    with beside([Part(calm.text, "here", "retrying", quest, tmp_path)]) as others:
        told = []
        others.wait(monotonic() + 60, lambda: told.append(others.found()) or bool(told[-1]))
        storm, path = told[-1]
    assert path == kept
    assert storm.text == found.found.text
    assert [each.runs for each in others.tallies] == [1]


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
