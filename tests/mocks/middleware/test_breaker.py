"""Laws of the circuit breaker: when it opens, for how long, and what closes it."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.middleware.breaker import Breaker, BreakerOpen

REST = 60.0
Move = Literal["fail", "succeed", "wait"]


class Watched:
    """A breaker with its clock, and all that it told."""

    def __init__(self, limit: int) -> None:
        self.told: list[str] = []
        self.breaker = Breaker(limit, REST, self.told.append)
        self.now = 1000.0

    def passes(self) -> bool:
        try:
            self.breaker.check("erp", self.now)
        except BreakerOpen:
            return False
        return True

    def call(self, move: Move) -> bool:
        """A call and its end, or time goes by; tells whether the call passed."""
        if move == "wait":
            self.now += REST / 2
            return False
        passed = self.passes()
        if passed:
            self.breaker.failed(self.now) if move == "fail" else self.breaker.succeeded()
        return passed


@given(st.integers(1, 4), st.lists(st.sampled_from(["fail", "succeed", "wait"]), max_size=40))
def test_it_opens_after_so_many_failures_in_a_row(limit: int, moves: list[Move]) -> None:
    """Open from the failure that makes the limit full, for `rest`; a failure after that opens it again at once; a
    success closes it and starts the count anew.
    """
    watched, in_a_row, open_until = Watched(limit), 0, 0.0
    for move in moves:
        is_open = watched.now < open_until
        passed = watched.call(move)
        assert passed is (not is_open and move != "wait")
        if is_open or move == "wait":
            continue
        in_a_row = in_a_row + 1 if move == "fail" else 0
        if in_a_row >= limit:
            open_until = watched.now + REST


def test_it_tells_of_opening_and_closing_once() -> None:
    """One word when it opens, none for each time that it stays open, one when the partner is back."""
    watched = Watched(2)
    for move in ("fail", "fail", "wait", "wait", "fail", "wait", "wait", "succeed", "succeed"):
        watched.call(move)
    assert watched.told == ["breaker_opened", "breaker_closed"]


def test_an_open_breaker_says_how_long_it_rests() -> None:
    """The refusal names the partner and the seconds left, and the partner has certainly seen nothing."""
    watched = Watched(1)
    watched.call("fail")
    watched.call("wait")
    with pytest.raises(BreakerOpen, match="erp") as caught:
        watched.breaker.check("erp", watched.now)
    assert caught.value.rest == REST / 2
    assert not caught.value.may_have_committed


def test_failures_of_calls_that_were_under_way_do_not_prolong_the_rest() -> None:
    """Calls made before it opened may fail while it is open: the rest ends when it was going to."""
    watched = Watched(1)
    watched.call("fail")
    watched.call("wait")
    watched.breaker.failed(watched.now)
    watched.call("wait")
    assert watched.passes()


def test_after_its_rest_one_call_may_try() -> None:
    """The first call after the rest finds out for all; others are refused until it is back."""
    watched = Watched(1)
    watched.call("fail")
    watched.now += REST
    assert [watched.passes() for _ in range(3)] == [True, False, False]
