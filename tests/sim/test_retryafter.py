"""Laws of the Retry-After header: what a caller makes of what servers really send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.retryafter import read_retry_after, write_retry_after

NOW = datetime(2011, 12, 1, 8, 30, 15, 250_000, tzinfo=UTC)


@given(st.integers(0, 10**6))
def test_seconds_are_seconds(seconds: int) -> None:
    """A number is a wait."""
    assert read_retry_after(write_retry_after(str(seconds), 0, NOW), NOW) == seconds


@given(st.floats(1, 10**6))
def test_a_date_is_the_wait_until_then_cut_to_a_second(ahead: float) -> None:
    """An HTTP date has whole seconds: a caller that believes it waits up to a second less than was meant."""
    wait = read_retry_after(write_retry_after("", ahead, NOW), NOW)
    assert wait is not None
    assert ahead - 1 - 1e-6 <= wait <= ahead + 1e-6


def test_a_date_is_written_as_http_has_it() -> None:
    """In GMT, wherever the run's wall clock stands."""
    abroad = NOW.astimezone(timezone(timedelta(hours=5)))
    assert write_retry_after("", 44.75, abroad) == "Thu, 01 Dec 2011 08:31:00 GMT"


@pytest.mark.parametrize("header", ["-1", "0", "Thu, 01 Dec 2011 08:30:00 GMT"])
def test_what_has_passed_is_no_wait(header: str) -> None:
    """A negative number, zero and a date that has passed mean: now."""
    assert read_retry_after(header, NOW) == 0.0


@pytest.mark.parametrize("header", ["", "in a moment", "Thu, 99 Dec 2011 08:30:00 GMT", "12:00"])
def test_what_says_nothing_is_none(header: str) -> None:
    """No header and words are no wait at all, not zero: whoever reads it has to choose one."""
    assert read_retry_after(header, NOW) is None


@pytest.mark.parametrize("header", ["nan", "inf", "infinity", "1e400"])
def test_no_wait_is_without_an_end(header: str) -> None:
    """Whatever a server writes, a wait that is read is a finite number or none."""
    wait = read_retry_after(header, NOW)
    assert wait is None or 0.0 <= wait < float("inf")
