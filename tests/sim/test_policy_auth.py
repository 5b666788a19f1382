"""Laws of auth: for how long a partner knows its caller."""

from __future__ import annotations

from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.call import REQUEST, Call
from seatrial.sim.door import Gate
from seatrial.sim.errors import Rejected
from seatrial.sim.policies.auth import Auth, Bearer, NoAuth, SessionToken, StaticKey
from seatrial.sim.quantities import Seconds, read_quantity

KINDS = [NoAuth(), StaticKey(), Bearer(Seconds(100)), SessionToken(Seconds(100))]


def refusal(gate: Gate, since: float, now: float) -> str:
    """Status and code of the refusal; empty where the call is let in."""
    try:
        wait = gate.admit(Call("erp", "enter_order", REQUEST, "k", "k", 1, signed_in_at=since), now)
    except Rejected as error:
        return f"{error.status} {error.code}"
    assert wait == 0.0
    return ""


@pytest.mark.parametrize("policy", [NoAuth(), StaticKey()])
def test_what_does_not_expire_needs_no_gate(policy: Auth) -> None:
    """Without auth and with a static key every call is let in, for ever."""
    assert policy.gate() is None
    assert policy.lifetime == inf


@given(since=st.floats(0, 1000), age=st.floats(0, 300))
def test_a_token_holds_for_its_lifetime(since: float, age: float) -> None:
    """Until its lifetime is over, a token is taken; from then on it is refused with 401."""
    policy = Bearer(Seconds(100))
    now = since + age
    expected = "" if now < since + 100 else "401 token_expired"
    assert refusal(policy.gate(), since, now) == expected


def test_use_does_not_prolong_a_token() -> None:
    """A token that is used all the time ends all the same, and a new sign-in is taken."""
    gate = Bearer(Seconds(100)).gate()
    assert [refusal(gate, 0, now) for now in (50, 99, 100)] == ["", "", "401 token_expired"]
    assert refusal(gate, 100, 150) == ""


@given(gaps=st.lists(st.integers(1, 130), min_size=1, max_size=20))
def test_a_session_lives_while_it_is_used(gaps: list[int]) -> None:
    """A session ends with the first gap of its lifetime, and not before."""
    gate, now = SessionToken(Seconds(100)).gate(), 0
    for gap in gaps:
        now += gap
        answer = refusal(gate, 0, now)
        assert answer == ("401 session_expired" if gap >= 100 else "")
        if answer:
            return


def test_a_session_that_ended_stays_ended() -> None:
    """A refused call is no use of the session; only a new sign-in helps."""
    gate = SessionToken(Seconds(100)).gate()
    assert [refusal(gate, 0, now) for now in (100, 150, 199)] == ["401 session_expired"] * 3
    assert refusal(gate, 199, 200) == ""


def test_a_newer_session_ends_the_older() -> None:
    """Two workers with a session each do not work: the older is refused with 403 once the newer was seen."""
    gate = SessionToken(Seconds(100)).gate()
    assert [refusal(gate, since, 20) for since in (0, 10, 0, 10)] == ["", "", "403 session_ended", ""]


@pytest.mark.parametrize("policy", KINDS, ids=repr)
def test_an_auth_can_be_written_down(policy: Auth) -> None:
    """What a scenario says about a policy is what it gets."""
    plain = msgspec.to_builtins(policy, enc_hook=float)
    assert msgspec.convert(plain, Auth, dec_hook=read_quantity) == policy
