"""Laws of numbers and moments in words."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seatrial.reports.page_words import Calendar, amount_text, counted, effort_text, listed, number_text, share_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "documents", "–"),
        (math.inf, "min", "never"),
        (1.0, "documents", "1 document"),
        (1204.0, "orders", "1,204 orders"),
        (125.0, "min", "2 h 5 min"),
        (0.25, "s", "250 ms"),
        (0.9987, "share", "99.87 %"),
        (312_000.0, "money", "3,120.00 GBP"),
        (1.0333, "", "1.03"),
        (12.5, "unit h", "12.5 unit h"),
    ],
)
def test_a_value_is_read_with_its_unit(value: float | None, unit: str, text: str) -> None:
    """Each unit has its way of being written."""
    assert amount_text(value, unit) == text  # type: ignore[arg-type]


def test_money_has_the_digits_of_its_currency() -> None:
    """Yen have no pence."""
    assert amount_text(312.0, "money", "JPY") == "312 JPY"


def test_effort_is_told_in_hours_and_not_in_days() -> None:
    """Nobody works days of 24 hours."""
    assert (effort_text(45.0), effort_text(4152.0), effort_text(None)) == ("45 min", "69.2 h", "–")


@given(st.floats(0, 1))
def test_not_all_is_never_rounded_to_all(share: float) -> None:
    """100 % means every one, 0 % means none."""
    assert (share_text(share) == "100 %") == (share == 1)
    assert (share_text(share) == "0 %") == (share == 0)


@given(st.integers(-3, 11).flatmap(lambda digits: st.floats(10.0**digits, 10.0 ** (digits + 1))))
@example(120.361)
@example(199.58)
@example(499.6)
def test_a_number_is_read_within_half_a_percent(number: float) -> None:
    """Three digits are kept, or all of a whole number."""
    assert float(number_text(number).replace(",", "")) == pytest.approx(number, rel=0.005)


def test_counts_and_lists_are_written_as_one_says_them() -> None:
    """Nouns agree with their number, the last of a list follows an `and`."""
    assert [counted(n, "finding") for n in (0, 1, 1200)] == ["no findings", "1 finding", "1,200 findings"]
    assert [listed(parts) for parts in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_moments_are_those_of_the_wall_clock() -> None:
    """Second 0 is the start of the run; without a start, days are counted."""
    known, unknown = Calendar("2011-12-01T06:00:00+00:00"), Calendar("")
    assert known.minute(8040) == "Thu 1 Dec 08:14"
    assert known.instant(0.1234) == "06:00:00.123"
    assert unknown.minute(90_000) == "day 2 01:00"


def test_a_window_names_a_day_once() -> None:
    """The second day is said where it is another; a window without an end lasts to the end."""
    calendar = Calendar("2011-12-01T00:00:00+00:00")
    assert calendar.window(3600, 7200) == "Thu 1 Dec 01:00 – 02:00"
    assert calendar.window(3600, 90_000) == "Thu 1 Dec 01:00 – Fri 2 Dec 01:00"
    assert calendar.window(3600, math.inf) == "Thu 1 Dec 01:00 – the end"
