"""Quantities as people write them: every common spelling is read, every other is answered with a way to write it."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.errors import BadInput
from seatrial.sim.units import (
    MINOR_DIGITS,
    Money,
    format_duration,
    format_money,
    format_share,
    parse_duration,
    parse_money,
    parse_rate,
    parse_share,
    short_duration,
)

YEAR_US = 366 * 86_400_000_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45 min", 2_700),
        ("2 d 4 h", 187_200),
        ("150 ms", 0.15),
        ("5 µs", 5e-6),
        ("5us", 5e-6),
        ("1h30m", 5_400),
        ("1.5 hours", 5_400),
        (".5 s", 0.5),
        ("1 Week", 604_800),
        ("  3   days ", 259_200),
        ("0 s", 0),
        (0, 0),
        (0.0, 0),
    ],
)
def test_a_duration_is_read(text: object, seconds: float) -> None:
    """Numbers with units of time add up to seconds; nothing needs no unit."""
    assert parse_duration(text) == seconds


@given(st.integers(0, 100 * YEAR_US))
def test_a_duration_written_is_the_duration_read(microseconds: int) -> None:
    """A duration of whole microseconds survives being written out, over a hundred years."""
    seconds = microseconds / 1e6
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(0, 1e10))
def test_a_duration_in_short_is_near_the_duration(seconds: float) -> None:
    """The short form reads back within a hundredth, and never has more than two units."""
    short = short_duration(seconds)
    assert len(short.split()) <= 4
    assert math.isclose(parse_duration(short), seconds, rel_tol=0.03, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("seconds", "exact", "short"),
    [
        (0, "0 s", "0 s"),
        (0.00025, "250 us", "250 us"),
        (0.15, "150 ms", "150 ms"),
        (0.012345, "12.345 ms", "12.3 ms"),
        (0.9999, "999.9 ms", "1 s"),
        (59.9999, "59.9999 s", "1 min"),
        (90.5, "1 min 30.5 s", "1 min 30 s"),
        (3_599.9, "59 min 59.9 s", "1 h"),
        (187_260, "2 d 4 h 1 min", "2 d 4 h"),
        (-90, "-1 min 30 s", "-1 min 30 s"),
        (-0.0, "0 s", "0 s"),
        (-1e-9, "0 s", "0 s"),
        (math.inf, "never", "never"),
        (math.nan, "never", "never"),
    ],
)
def test_a_duration_is_written_as_people_do(seconds: float, exact: str, short: str) -> None:
    """The largest units first, none that is zero; what has no end is never."""
    assert (format_duration(seconds), short_duration(seconds)) == (exact, short)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("45", r"write the unit: '45 s' or '45 min'"),
        (45, r"write '45 min'"),
        (True, r"not a duration: True"),
        (False, r"not a duration: False"),
        (None, r"not a duration"),
        ("", r"write '45 min'"),
        ("45 mni", r"did you mean 'min'\? · known: us, ms, s, min, h, d, w"),
        ("2 d 4", r"write the unit: '4 s'"),
        ("-3 s", r"cannot be negative"),
        ("-3", r"cannot be negative"),
        ("1 h -3 s", r"cannot be negative"),
        ("3 s x", r"not a duration"),
        ("1,5 h", r"not a duration"),
        ("1e9 s", r"unknown unit of time: 'e'"),
        ("9" * 400 + " s", r"not a duration"),
        ("١ s", r"not a duration"),
    ],
)
def test_what_is_no_duration_is_answered(text: object, says: str) -> None:
    """Anything else is bad input that shows the value and how to write it."""
    with pytest.raises(BadInput, match=says):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [("200/h", 200 / 3_600), ("3 per min", 0.05), ("0.5/s", 0.5), ("0 / d", 0), ("200 orders/h", 200 / 3_600)],
)
def test_a_rate_is_read(text: str, per_second: float) -> None:
    """A number per unit of time, whatever is counted."""
    assert parse_rate(text) == per_second


@given(st.integers(0, 10**9), st.sampled_from(["us", "ms", "s", "min", "h", "d", "w"]))
def test_a_rate_is_the_inverse_of_its_duration(number: int, unit: str) -> None:
    """A rate of n per unit times the length of the unit is n."""
    assert math.isclose(parse_rate(f"{number}/{unit}") * parse_duration(f"1 {unit}"), number)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("200", r"not a rate: '200' .*'200/h'"),
        (200, r"not a rate"),
        ("-1/s", r"cannot be negative"),
        ("200/fortnight", r"unknown unit of time: 'fortnight' .*known: us"),
        ("many/h", r"not a rate"),
    ],
)
def test_what_is_no_rate_is_answered(text: object, says: str) -> None:
    """Anything else is bad input that shows the value and how to write it."""
    with pytest.raises(BadInput, match=says):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "share"),
    [("0.5 %", 0.005), ("100%", 1), ("0 %", 0), (0.25, 0.25), (1, 1), ("0.25", 0.25), (1e-7, 1e-7)],
)
def test_a_share_is_read(text: object, share: float) -> None:
    """A percentage, or a plain number from 0 to 1."""
    assert parse_share(text) == share


@given(st.one_of(st.just(0.0), st.floats(1e-15, 1)))
def test_a_share_written_is_the_share_read(share: float) -> None:
    """A share survives being written as a percentage, and being written as a number."""
    assert parse_share(format_share(share)) == share
    assert parse_share(share) == share


@given(st.floats(1e-6, 1), st.integers(1, 8))
def test_a_share_keeps_as_many_digits_as_asked(share: float, digits: int) -> None:
    """Rounded to n significant digits a share is off by no more than half of the last of them."""
    text = format_share(share, digits)
    assert math.isclose(parse_share(text), share, rel_tol=0.51 * 10 ** (1 - digits))
    assert len(text.removesuffix(" %").replace(".", "").strip("0")) <= digits


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (5, r"between 0 % and 100 %: 5 · did you mean '5 %'"),
        ("120 %", r"between 0 % and 100 %: '120 %'"),
        ("-1 %", r"between"),
        ("5 pct", r"unknown unit of a share: 'pct' · known: %"),
        (True, r"not a share"),
        (None, r"not a share"),
        (math.nan, r"not a share"),
        (math.inf, r"not a share"),
        ("half", r"not a share: 'half' · write a percentage"),
    ],
)
def test_what_is_no_share_is_answered(text: object, says: str) -> None:
    """Anything else is bad input that shows the value and what was probably meant."""
    with pytest.raises(BadInput, match=says):
        parse_share(text)


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("12.50 GBP", Money(1250, "GBP")),
        ("12.5 gbp", Money(1250, "GBP")),
        ("-3 EUR", Money(-300, "EUR")),
        ("500 JPY", Money(500, "JPY")),
        ("1.234 KWD", Money(1234, "KWD")),
    ],
)
def test_money_is_read(text: str, money: Money) -> None:
    """An amount and a currency become whole minor units."""
    assert parse_money(text) == money


@given(st.integers(-(10**18), 10**18), st.sampled_from(sorted(MINOR_DIGITS)))
def test_money_written_is_the_money_read(minor: int, currency: str) -> None:
    """Every amount in every known currency survives being written out, to the last minor unit."""
    money = Money(minor, currency)
    assert parse_money(format_money(money)) == money
    assert str(money) == format_money(money)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("12.50", r"not an amount of money: '12.50' .*'12.50 GBP'"),
        (12.5, r"not an amount of money"),
        ("£12.50", r"not an amount of money"),
        ("1,000 GBP", r"not an amount of money"),
        ("12.505 GBP", r"GBP has 2 digits after the point"),
        ("0.5 JPY", r"JPY has 0 digits after the point"),
        ("12 GPB", r"unknown currency: 'GPB' · did you mean 'GBP'"),
    ],
)
def test_what_is_no_money_is_answered(text: object, says: str) -> None:
    """Anything else is bad input that shows the value and how to write it."""
    with pytest.raises(BadInput, match=says):
        parse_money(text)


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.none(), st.lists(st.integers(), max_size=2)))
def test_nothing_but_bad_input_is_raised(text: object) -> None:
    """Whatever stands in a scenario, a reader of quantities answers with a quantity or with bad input."""
    for read in (parse_duration, parse_rate, parse_share, parse_money):
        with suppress(BadInput):
            read(text)
