"""Seeds of a suite, as people write them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from seatrial.sim.errors import BadInput
from seatrial.suite_seeds import MOST, seeds_of


@pytest.mark.parametrize(
    ("given", "seeds"),
    [
        ("3", (1, 2, 3)),
        (" 2 ", (1, 2)),
        ("4-6", (4, 5, 6)),
        ("7-7", (7,)),
        ("0-1", (0, 1)),
        ("3,7,9", (3, 7, 9)),
        ("9, 3", (9, 3)),
        ("1-2,8,10-11", (1, 2, 8, 10, 11)),
        (2, (1, 2)),
        ([5, 3], (5, 3)),
        (range(2, 4), (2, 3)),
    ],
    ids=str,
)
def test_seeds_are_a_number_a_range_or_a_list(given: str | int | Iterable[int], seeds: tuple[int, ...]) -> None:
    """A number alone says how many, from 1; ranges include both ends; the order is the one given."""
    assert seeds_of(given) == seeds


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("0-", "not a list of seeds: '0-'"),
        ("-3", "not a list of seeds: '-3'"),
        ("a", "not a list of seeds"),
        ("", "not a list of seeds"),
        ("3,", "not a list of seeds"),
        ("1.5", "not a list of seeds"),
        ("1--3", "not a list of seeds"),
        ("9" * 30, "not a list of seeds"),
        ("0", "a suite needs a seed: '0'"),
        ("5-2", "a range that ends before it begins, '5-2'"),
        ("3,7,3", "seed 3 is named twice"),
        ("1-999999999", f"a suite takes {MOST:,} seeds at most"),
        (0, "a suite needs a seed"),
        (-2, "a suite needs a seed"),
        ([], "a suite needs a seed"),
        ([1, -1], "a seed is a whole number from 0 up"),
        ([True], "a seed is a whole number from 0 up"),
    ],
    ids=str,
)
def test_what_is_no_list_of_seeds_is_refused(given: str | int | Iterable[int], words: str) -> None:
    """The error says what is wrong, the value and how to write it."""
    with pytest.raises(BadInput) as error:
        seeds_of(given)
    assert str(error.value).startswith(f"--seeds: {words}")
    assert "1-20" in str(error.value)
