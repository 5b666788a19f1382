"""The dice: one seed gives one history, and no purpose disturbs another."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.dice import Dice

SEEDS = st.integers(min_value=-(2**70), max_value=2**70)
PURPOSES = st.lists(st.text(max_size=12), max_size=4)
KEYS = st.text(max_size=30)
KEY_ROW = [f"5737{number:02d}/create_order/{attempt}" for number in range(100) for attempt in range(1, 41)]

PRINT_DRAWS = """
from seatrial.sim.dice import Dice
dice = Dice(7)
stream, draw, pick = dice.stream("arrivals", "store"), dice.keyed("rule", "lost"), dice.keyed_int(1000, "sku")
print([stream.random() for _ in range(5)], [draw(f"k{n}") for n in range(5)], [pick(f"k{n}") for n in range(5)])
"""


@given(SEEDS, PURPOSES, KEYS)
def test_a_draw_depends_on_seed_purpose_and_key_alone(seed: int, purpose: list[str], key: str) -> None:
    """The same seed, purpose and key give the same number, whatever was drawn before from other dice."""
    first, second = Dice(seed), Dice(seed)
    second.keyed("another")(key)
    second.stream(*purpose).random()
    assert first.keyed(*purpose)(key) == second.keyed(*purpose)(key)


@given(SEEDS, PURPOSES, PURPOSES)
def test_two_purposes_are_two_chances(seed: int, one: list[str], other: list[str]) -> None:
    """Purposes that differ in any word, or in where a word ends, draw differently; equal ones draw the same."""
    dice = Dice(seed)
    assert (dice.keyed(*one)("573744") == dice.keyed(*other)("573744")) == (one == other)
    assert (dice.stream(*one).random() == dice.stream(*other).random()) == (one == other)


@given(SEEDS, PURPOSES, st.integers(0, 20))
def test_a_stream_is_not_moved_by_its_neighbours(seed: int, purpose: list[str], drawn: int) -> None:
    """How much one stream was used changes nothing in another."""
    dice = Dice(seed)
    busy = dice.stream(*purpose, "neighbour")
    for _ in range(drawn):
        busy.random()
    assert dice.stream(*purpose).random() == Dice(seed).stream(*purpose).random()


@given(SEEDS, KEYS, st.integers(1, 2**40))
def test_draws_keep_their_bounds(seed: int, key: str, limit: int) -> None:
    """A draw is in [0, 1), a whole-number draw in 0 ... limit - 1."""
    assert 0 <= Dice(seed).keyed("a")(key) < 1
    assert 0 <= Dice(seed).keyed_int(limit, "a")(key) < limit


@pytest.mark.parametrize("seed", [0, 7, -1, 2**64])
def test_draws_are_spread_evenly(seed: int) -> None:
    """Of 4,000 neighbouring keys every tenth of [0, 1) gets its tenth, within five standard deviations."""
    draw, pick = Dice(seed).keyed("rule", "lost-reply"), Dice(seed).keyed_int(10, "rule")
    numbers = [draw(key) for key in KEY_ROW]
    tolerance = 5 * (len(KEY_ROW) * 0.1 * 0.9) ** 0.5
    for tenth in range(10):
        assert abs(sum(int(number * 10) == tenth for number in numbers) - 400) < tolerance
        assert abs(sum(pick(key) == tenth for key in KEY_ROW) - 400) < tolerance
    assert abs(statistics.fmean(numbers) - 0.5) < 5 * (1 / 12 / len(KEY_ROW)) ** 0.5


def test_attempts_and_purposes_are_independent() -> None:
    """Neighbouring keys, purposes and seeds show no correlation: the second attempt does not share the first's luck."""
    draw = Dice(7).keyed("rule", "a")
    first = [draw(f"{order}/1") for order in range(4000)]
    for other in (Dice(7).keyed("rule", "b"), Dice(8).keyed("rule", "a")):
        assert abs(statistics.correlation(first, [other(f"{order}/1") for order in range(4000)])) < 0.08
    assert abs(statistics.correlation(first, [draw(f"{order}/2") for order in range(4000)])) < 0.08


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_draws_the_same(hash_seed: str) -> None:
    """A process with another PYTHONHASHSEED throws the same dice."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    told = subprocess.run(
        [sys.executable, "-c", PRINT_DRAWS], env=environment, capture_output=True, text=True, check=True
    ).stdout
    dice = Dice(7)
    stream, draw, pick = dice.stream("arrivals", "store"), dice.keyed("rule", "lost"), dice.keyed_int(1000, "sku")
    numbers = (
        [stream.random() for _ in range(5)],
        [draw(f"k{n}") for n in range(5)],
        [pick(f"k{n}") for n in range(5)],
    )
    assert told.split() == " ".join(map(str, numbers)).split()


def test_these_numbers_are_for_ever() -> None:
    """Dice of later versions, other Pythons and other machines throw these same numbers."""
    dice = Dice(7)
    assert dice.stream("a").random() == 0.08623360628114662
    assert dice.keyed("f")("k") == 0.31171654268942683
    assert [dice.keyed_int(6, "f")(key) for key in ("k", "573744", "")] == [1, 3, 1]


def test_a_draw_from_nothing_is_refused() -> None:
    """A whole-number draw needs at least one possible result."""
    with pytest.raises(ValueError, match="limit 0"):
        Dice(7).keyed_int(0, "sku")
