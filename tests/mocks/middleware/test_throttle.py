"""Laws of the throttle: however calls come, a partner sees no more of them than it was promised."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.middleware.throttle import Throttle

# Powers of two and eighths: sums of these are exact.
rates = st.sampled_from([0.5, 1.0, 4.0])
bursts = st.integers(1, 5)
arrivals = st.lists(st.integers(0, 40).map(lambda n: n / 8), min_size=1, max_size=40).map(
    lambda gaps: list(accumulate(gaps))
)


def places(throttle: Throttle, times: list[float]) -> list[float]:
    """The seconds at which calls go out that come at these times."""
    return [now + throttle.book(now) for now in times]


@given(rates, bursts, arrivals)
def test_the_rate_is_never_exceeded(rate: float, burst: int, times: list[float]) -> None:
    """In any span no more calls go out than the rate allows for it, besides one burst and the call that opens it."""
    out = places(Throttle(rate, burst), times)
    for first in range(len(out)):
        for last in range(first, len(out)):
            assert last - first <= burst + rate * (out[last] - out[first])


@given(rates, bursts, arrivals)
def test_nobody_overtakes(rate: float, burst: int, times: list[float]) -> None:
    """Calls go out in the order in which they came, none before it came."""
    out = places(Throttle(rate, burst), times)
    assert out == sorted(out)
    assert all(went >= came for went, came in zip(out, times, strict=True))


@given(rates, bursts, st.integers(1, 30))
def test_nobody_waits_without_need(rate: float, burst: int, count: int) -> None:
    """Calls at the promised pace never wait, however many there are."""
    times = [number / rate for number in range(count)]
    assert places(Throttle(rate, burst), times) == times


@given(rates, bursts, arrivals, st.integers(0, 400).map(lambda n: n / 8))
def test_a_pause_is_kept(rate: float, burst: int, times: list[float], until: float) -> None:
    """After a partner has asked for a pause nothing goes out before its end, and a shorter one does not end it."""
    throttle = Throttle(rate, burst)
    throttle.hold(until)
    throttle.hold(until / 2)
    assert min(places(throttle, times)) >= until


@pytest.mark.parametrize("burst", [1, 3])
def test_a_burst_is_as_large_as_it_was_promised(burst: int) -> None:
    """After a long rest exactly `burst` calls go out at once, and the next one waits for its turn."""
    throttle = Throttle(1.0, burst)
    waits = [throttle.book(1000.0) for _ in range(burst + 1)]
    assert waits == [0.0] * burst + [1.0]
