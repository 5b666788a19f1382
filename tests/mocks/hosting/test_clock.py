"""Laws of business time in a program of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.hosting.clock import BusinessClock

WAITS = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 3), st.floats(0, 1), st.booleans()), max_size=20)


class Hand:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_time_goes_on_by_the_scale() -> None:
    """Between replies a second is as many seconds of the run as the scale says."""
    hand = Hand()
    clock = BusinessClock(hand, 60)
    clock.heard(hand.at, 500.0)
    hand.at += 2
    assert clock.now() == pytest.approx(620)


@given(WAITS, st.sampled_from([1.0, 60.0]))
def test_the_clock_is_never_off_by_more_than_a_reply_takes(calls, scale) -> None:
    """Whatever the ways take, and also where the partners' time stands still, it is right within one round trip."""
    hand = Hand()
    clock = BusinessClock(hand, scale)
    partners = 12_345.0
    for wait, trip, share, frozen in calls:
        hand.at += wait
        partners += 0 if frozen else wait * scale
        sent = hand.at
        hand.at += trip * share
        partners += trip * share * scale
        told = partners
        hand.at += trip * (1 - share)
        partners += trip * (1 - share) * scale
        before = clock.now()
        clock.heard(sent, told)
        assert clock.now() >= before
        assert clock.now() >= told - 1e-6
        assert clock.now() <= max(before, told + trip * scale) + 1e-6


@given(WAITS)
def test_it_never_goes_back(calls) -> None:
    """What was dated by it keeps its order, whatever the partners tell."""
    hand = Hand()
    clock = BusinessClock(hand, 10)
    last = 0.0
    for wait, trip, share, _ in calls:
        hand.at += wait
        clock.heard(hand.at - trip, 1e4 * share)
        assert clock.now() >= last
        last = clock.now()
