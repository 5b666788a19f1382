"""Laws of limiters: who is let in, who waits, and who is told to come back when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.call import REQUEST, Call
from seatrial.sim.door import Gate
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.policies.limiter import (
    Concurrency,
    CostPoints,
    LeakyBucket,
    Limiter,
    RetryAfter,
    SlidingWindow,
    TokenBucket,
)
from seatrial.sim.quantities import PerSecond, Seconds, read_quantity

KINDS: Sequence[Limiter] = [
    TokenBucket(PerSecond(0.5), 3),
    LeakyBucket(4, PerSecond(2)),
    SlidingWindow(5, Seconds(10)),
    Concurrency(2, queue=3, service=Seconds(4), retry_after="seconds"),
    CostPoints(PerSecond(10), 40, {"heavy": 25}, cost=7),
]
by_name = pytest.mark.parametrize("policy", KINDS, ids=lambda policy: type(policy).__name__)
# Gaps in eighths of a second: sums of these are exact, so that a law need not forgive rounding.
times = st.lists(st.integers(0, 40).map(lambda n: n / 8), max_size=40).map(lambda gaps: list(accumulate(gaps)))


def call(operation: str = "light") -> Call:
    return Call("shop", operation, REQUEST, "k", "k", 1)


def knock(gate: Gate, now: float, operation: str = "light") -> float | Rejected:
    """Seconds to wait, or the refusal."""
    try:
        return gate.admit(call(operation), now)
    except Rejected as refusal:
        return refusal


def let_in(gate: Gate, arrivals: Iterable[float]) -> list[float]:
    """The arrivals that were let in at once."""
    return [now for now in arrivals if knock(gate, now) == 0.0]


def asked_wait(answer: float | Rejected) -> float:
    assert isinstance(answer, Rejected)
    assert answer.retry_after is not None
    return answer.retry_after


@by_name
def test_a_calm_caller_is_never_turned_away(policy: Limiter) -> None:
    """One call now and then meets no limit."""
    gate = policy.gate()
    assert [knock(gate, now * 60.0) for now in range(100)] == [0.0] * 100


@by_name
def test_a_storm_is_turned_away_with_429(policy: Limiter) -> None:
    """Who calls on and on in one moment is told so."""
    gate = policy.gate()
    refusals = [answer for answer in (knock(gate, 1.0) for _ in range(50)) if isinstance(answer, Rejected)]
    assert refusals
    assert {(each.status, each.code, each.may_have_committed) for each in refusals} == {(429, "rate_limited", False)}


@by_name
@given(arrivals=times)
def test_who_waits_as_told_gets_in(policy: Limiter, arrivals: list[float]) -> None:
    """A caller that comes back alone after the wait it was told is let in."""
    gate = policy.gate()
    for now in arrivals:
        answer = knock(gate, now)
        if isinstance(answer, Rejected):
            assert not isinstance(knock(gate, now + asked_wait(answer)), Rejected)
            return


@by_name
@given(arrivals=times)
def test_each_gate_counts_for_itself(policy: Limiter, arrivals: list[float]) -> None:
    """The policy is data: two gates made of it share nothing, and the same calls meet the same answers."""
    one, two = policy.gate(), policy.gate()
    assert [str(knock(one, now)) for now in arrivals] == [str(knock(two, now)) for now in arrivals]


@given(arrivals=times)
def test_a_token_bucket_lets_in_no_more_than_burst_and_rate(arrivals: list[float]) -> None:
    """In any span of t seconds at most burst + rate x t calls get in."""
    entered = let_in(TokenBucket(PerSecond(0.5), 3).gate(), arrivals)
    for first, start in enumerate(entered):
        for last, end in enumerate(entered[first:], first):
            assert last - first + 1 <= 3 + 0.5 * (end - start)


def test_a_token_bucket_gives_its_burst_at_once() -> None:
    """A full bucket lets the whole burst in within one moment, then one call for each token."""
    gate = TokenBucket(PerSecond(0.5), 3).gate()
    assert len(let_in(gate, [100.0] * 10)) == 3
    assert let_in(gate, [101.0, 102.0, 102.0, 104.0]) == [102.0, 104.0]


def test_a_leaky_bucket_takes_as_many_as_leaked_out() -> None:
    """Shopify's 40 at 2/s: forty at once, then two a second."""
    gate = LeakyBucket(40, PerSecond(2)).gate()
    assert len(let_in(gate, [0.0] * 50)) == 40
    assert len(let_in(gate, [1.0] * 5)) == 2


@given(arrivals=times)
def test_no_window_holds_more_than_its_limit(arrivals: list[float]) -> None:
    """In any span of one window, its end not included, no more than the limit gets in, and no fewer than could."""
    entered: list[float] = []
    gate = SlidingWindow(5, Seconds(10)).gate()
    for now in arrivals:
        recent = [at for at in entered if at > now - 10]
        answer = knock(gate, now)
        assert (answer == 0.0) == (len(recent) < 5)
        entered += [now] if answer == 0.0 else []


@given(arrivals=times)
def test_slots_are_never_overfilled(arrivals: list[float]) -> None:
    """Of two slots with four seconds of service no more than two are ever taken, nor three places in the queue."""
    gate = Concurrency(2, queue=3, service=Seconds(4)).gate()
    starts: list[float] = []
    for now in arrivals:
        answer = knock(gate, now)
        waiting = sum(start > now for start in starts)
        if isinstance(answer, Rejected):
            assert waiting == 3
            continue
        start = now + answer
        assert sum(earlier <= start < earlier + 4 for earlier in starts) < 2
        assert answer == 0.0 or waiting < 3
        starts.append(start)


def test_those_who_queue_are_served_in_order() -> None:
    """Two are served, three wait for the slots that come free, the sixth is turned away."""
    gate = Concurrency(2, queue=3, service=Seconds(4)).gate()
    answers = [knock(gate, 0.0) for _ in range(6)]
    assert answers[:5] == [0.0, 0.0, 4.0, 4.0, 8.0]
    assert isinstance(answers[5], Rejected)


def test_a_dear_call_costs_more() -> None:
    """Points are taken by operation: one heavy call leaves room for two light ones, not three."""
    gate = CostPoints(PerSecond(10), 40, {"heavy": 25}, cost=7).gate()
    assert [knock(gate, 0.0, operation) for operation in ("heavy", "light", "light")] == [0.0] * 3
    assert asked_wait(knock(gate, 0.0)) == 1.0
    assert asked_wait(knock(gate, 0.0, "heavy")) == 3.0


@pytest.mark.parametrize(("style", "told"), [("seconds", 20.0), ("date", 20.0), ("none", None), ("odd", 0.0)])
def test_the_wait_is_told_in_the_partners_style(style: RetryAfter, told: float | None) -> None:
    """Whole seconds, a date, nothing, or a 0 that does harm when it is believed."""
    gate = TokenBucket(PerSecond(0.05), 1, style).gate()
    assert knock(gate, 0.0) == 0.0
    answer = knock(gate, 0.5)
    assert isinstance(answer, Rejected)
    assert answer.retry_after == told


@pytest.mark.parametrize(
    "policy",
    [
        TokenBucket(PerSecond(0), 3),
        TokenBucket(PerSecond(1), 0),
        LeakyBucket(0, PerSecond(1)),
        SlidingWindow(0, Seconds(1)),
        SlidingWindow(1, Seconds(0)),
        Concurrency(0),
        CostPoints(PerSecond(1), 5, {"heavy": 6}),
        CostPoints(PerSecond(0), 5),
    ],
    ids=repr,
)
def test_a_limit_that_lets_nobody_in_is_a_mistake(policy: Limiter) -> None:
    """It is found when the partner is built, not by a run that hangs."""
    with pytest.raises(BadInput, match=r"lets nobody in|more points than the bucket holds"):
        policy.gate()


@by_name
def test_a_limiter_can_be_written_down(policy: Limiter) -> None:
    """What a scenario says about a policy is what it gets."""
    plain = msgspec.to_builtins(policy, enc_hook=float)
    assert msgspec.convert(plain, Limiter, dec_hook=read_quantity) == policy
