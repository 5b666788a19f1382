"""Laws of the trading day: times of day on a clock that counts seconds from anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.tradingday import DAY, TradingDay

# Whole seconds: sums of them are exact in floats.
starts = st.integers(946_684_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
moments = st.integers(0, 60 * 86_400).map(float)
clocks = st.integers(0, 86_399).map(float)


@given(starts, moments)
def test_the_time_of_day_is_that_of_the_wall(start: datetime, now: float) -> None:
    """Both ways to ask for the time agree."""
    day = TradingDay(start)
    wall = day.wall(now)
    assert wall == start + timedelta(seconds=now)
    assert day.time_of_day(now) == wall.hour * 3600 + wall.minute * 60 + wall.second


@given(starts, clocks, moments)
def test_the_next_time_is_the_first_that_is_not_past(start: datetime, clock: float, now: float) -> None:
    """It has that time of day, is not before now, and less than a day away; asked at that moment it is now."""
    day = TradingDay(start)
    then = day.next_at(clock, now)
    assert day.time_of_day(then) == clock
    assert now <= then < now + DAY
    assert day.next_at(clock, then) == then


@given(starts, clocks, clocks, moments)
def test_opening_hours_come_round_every_day(start: datetime, opens: float, closes: float, now: float) -> None:
    """From opening, included, to closing, not included; over midnight too; equal bounds never close."""
    day = TradingDay(start)
    since_opening = (day.time_of_day(now) - opens) % DAY
    expected = opens == closes or since_opening < (closes - opens) % DAY
    assert day.is_open(opens, closes, now) is expected
    assert day.is_open(opens, closes, now + DAY) is expected


@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=2))])
def test_a_start_without_a_zone_is_utc(zone: timezone | None) -> None:
    """The wall clock always knows its zone; one that was given is kept."""
    wall = TradingDay(datetime(2011, 12, 1, 8, tzinfo=zone)).wall(60)
    assert wall.tzinfo == (zone or UTC)
    assert (wall.hour, wall.minute) == (8, 1)
