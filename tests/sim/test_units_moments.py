"""Moments of a run as people write them, on a run that starts on a Thursday at eight."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.errors import BadInput
from seatrial.sim.moments import WEEKDAYS, parse_time_of_day, parse_when

START = datetime.fromisoformat("2011-12-01 08:00")
CENTURY = datetime.fromisoformat("2100-01-01")
HOUR, DAY = 3_600, 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("36 h", 36 * HOUR),
        ("0 s", 0),
        (0, 0),
        ("2011-12-05 14:00", 4 * DAY + 6 * HOUR),
        ("2011-12-05T14:00:00.5", 4 * DAY + 6 * HOUR + 0.5),
        ("2011-12-05", 4 * DAY - 8 * HOUR),
        (date(2011, 12, 5), 4 * DAY - 8 * HOUR),
        (datetime.fromisoformat("2011-12-01 09:00"), HOUR),
        ("day 1 09:00", HOUR),
        ("Day 2  14:00", DAY + 6 * HOUR),
        ("day 2", DAY - 8 * HOUR),
        ("Mon 14:00", 4 * DAY + 6 * HOUR),
        ("thursday 08:00", 0),
        ("thu 07:59:59", 7 * DAY - 1),
        ("Sunday", 3 * DAY - 8 * HOUR),
    ],
)
def test_a_moment_is_read(text: object, seconds: float) -> None:
    """Each way of writing gives the seconds from the start of the run."""
    assert parse_when(text, START) == seconds


@given(st.datetimes(START, CENTURY))
def test_a_date_is_as_far_away_as_the_calendar_says(moment: datetime) -> None:
    """A moment written in full is its distance from the start, with and without a time zone on the start."""
    seconds = (moment - START).total_seconds()
    assert parse_when(str(moment), START) == parse_when(str(moment), START.replace(tzinfo=UTC)) == seconds


@given(st.datetimes(START - timedelta(days=4_000), CENTURY), st.sampled_from(WEEKDAYS), st.integers(0, 1439))
def test_a_weekday_is_the_next_one(start: datetime, weekday: str, minute: int) -> None:
    """A weekday and time is the first such moment of the run: at or after its start, within a week."""
    seconds = parse_when(f"{weekday} {minute // 60:02}:{minute % 60:02}", start)
    moment = start + timedelta(seconds=seconds)
    assert 0 <= seconds < 7 * DAY
    assert (WEEKDAYS[moment.weekday()], moment.hour * 60 + moment.minute, moment.second) == (weekday, minute, 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2011-11-30", r"before the start of the run: '2011-11-30' · the run starts 2011-12-01 08:00"),
        ("day 1 07:00", r"before the start"),
        ("tomorrow", r"not a moment of the run: 'tomorrow' · write '36 h'"),
        ("3 dys", r"unknown unit of time: 'dys'"),
        ("day 2 25:00", r"between 00:00 and 24:00: '25:00'"),
        ("2011-12-05T14:00+01:00", r"no time zone"),
        ("99999999 d", r"the calendar ends"),
        (5, r"not a moment"),
        (None, r"not a moment"),
        ("", r"not a moment"),
        ("Mon 14:00 sharp", r"not a moment"),
    ],
)
def test_what_is_no_moment_is_answered(text: object, says: str) -> None:
    """Anything else is bad input that shows the value and the ways to write a moment."""
    with pytest.raises(BadInput, match=says):
        parse_when(text, START)


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:00", 0), ("6:30", 6.5 * HOUR), ("22:00:15", 79_215), ("24:00", DAY)]
)
def test_a_time_of_day_is_read(text: str, seconds: float) -> None:
    """Hours and minutes since midnight; 24:00 is the end of the day."""
    assert parse_time_of_day(text) == seconds


@pytest.mark.parametrize("text", ["24:01", "12:60", "12:00:60", "noon", "12", 1320, None, "12:0", "-1:00"])
def test_what_is_no_time_of_day_is_answered(text: object) -> None:
    """Anything else is bad input; also the number that YAML makes of an unquoted time."""
    with pytest.raises(BadInput, match="time of day"):
        parse_time_of_day(text)


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.none(), st.dates(), st.datetimes()))
def test_nothing_but_bad_input_is_raised(text: object) -> None:
    """Whatever stands in a scenario, the answer is a moment of the run or bad input."""
    with suppress(BadInput):
        assert parse_when(text, START) >= 0
