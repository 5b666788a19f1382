"""Laws of the single faults: when each strikes, and with which fate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.faults.auth_expired import AuthExpired
from seatrial.mocks.faults.blackhole import Blackhole
from seatrial.mocks.faults.brownout import Brownout
from seatrial.mocks.faults.duplicate_request import DuplicateRequest
from seatrial.mocks.faults.empty_success import EmptySuccess
from seatrial.mocks.faults.flapping import Flapping
from seatrial.mocks.faults.html_error_page import HtmlErrorPage
from seatrial.mocks.faults.integration_crash import IntegrationCrash
from seatrial.mocks.faults.latency import Latency
from seatrial.mocks.faults.lost_reply import LostReply
from seatrial.mocks.faults.malformed_body import MalformedBody
from seatrial.mocks.faults.outage import Outage
from seatrial.mocks.faults.rate_limit import RateLimit
from seatrial.mocks.faults.refuse import Refuse
from seatrial.mocks.faults.reset import Reset
from seatrial.mocks.faults.short_shipment import ShortShipment
from seatrial.mocks.faults.stale_read import StaleRead
from seatrial.mocks.faults.status import Status
from seatrial.mocks.faults.truncated_body import TruncatedBody
from seatrial.mocks.faults.webhook_drop import WebhookDrop
from seatrial.mocks.faults.webhook_duplicate import WebhookDuplicate
from seatrial.mocks.faults.webhook_reorder import WebhookReorder
from seatrial.sim import fate
from seatrial.sim.call import INSIDE, REQUEST, WEBHOOK, Call
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds, Share

CALL = Call("erp", "enter_order", REQUEST, "MP-1", "MP-1", 1)
moments = st.floats(0, 1e6)


def dice(number: float = 0.5, /) -> Draw:
    """Dice that always throw one number."""
    return lambda purpose: number


def keyed(chance: Draw, key: int) -> Draw:
    """The dice of one call of many."""
    return lambda purpose: chance(f"{key}/{purpose}")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Blackhole(), fate.Drop()),
        (DuplicateRequest(), fate.Twice()),
        (DuplicateRequest(gap=Seconds(90)), fate.Twice(90)),
        (EmptySuccess(), fate.Answer(200, "empty")),
        (HtmlErrorPage(), fate.Answer(502, "html")),
        (IntegrationCrash(), fate.Crash(30)),
        (IntegrationCrash(after_commit=False), fate.Crash(30, after_commit=False)),
        (LostReply(), fate.LoseReply()),
        (LostReply(how="reset"), fate.LoseReply("reset")),
        (MalformedBody(), fate.Garble()),
        (Outage(), fate.Answer(503, code="service_unavailable")),
        (Outage(retry_after=Seconds(90)), fate.Answer(503, code="service_unavailable", retry_after="90")),
        (Refuse(), fate.Refuse()),
        (Reset(), fate.Reset()),
        (Reset(after_commit=True), fate.Reset(after_commit=True)),
        (StaleRead(), fate.Stale(300)),
        (Status(status=504, code="gateway_timeout"), fate.Answer(504, code="gateway_timeout")),
        (TruncatedBody(share=Share(0.25)), fate.Garble("truncated", 0.25)),
        (WebhookDrop(), fate.Answer(200, "empty")),
        (WebhookDrop(noticed=True), fate.Drop()),
        (WebhookDuplicate(gap=Seconds(600)), fate.Twice(600)),
        (WebhookReorder(others=2, at_most=Seconds(60)), fate.Behind(2, 60)),
    ],
    ids=repr,
)
@given(now=moments)
def test_a_plain_fault_has_one_fate_at_any_time(fault: Fault, expected: fate.Fate, now: float) -> None:
    """Most faults do the same to every call; whom and when is the rule's business."""
    assert fault.decide(CALL, now, dice()) == expected


@given(draw=st.floats(0, 1, exclude_max=True), way_back=st.floats(0, 1).map(Share))
def test_latency_adds_its_delay_and_part_of_its_jitter(draw: float, way_back: Share) -> None:
    """What is added lies between delay and delay + jitter, split over the two ways as the share says."""
    met = Latency(Seconds(2), Seconds(3), way_back).decide(CALL, 0.0, dice(draw))
    added = met.before + met.after
    assert added == pytest.approx(2 + 3 * draw)
    assert met.after == pytest.approx(added * way_back)


@given(earlier=st.floats(0, 600), later=st.floats(0, 600), draw=st.floats(0.3, 1, exclude_max=True))
def test_a_brownout_only_gets_worse(earlier: float, later: float, draw: float) -> None:
    """On the ramp the same call is served more slowly the later it comes, and at the height it stays as it is."""
    fault = Brownout(errors=Share(0.2))
    slow = [_added(fault.decide(CALL, now, dice(draw))) for now in sorted((earlier, later))]
    assert slow[0] <= slow[1] <= _added(fault.decide(CALL, 600.0, dice(draw)))
    assert fault.decide(CALL, 600.0, dice(draw)) == fault.decide(CALL, 6000.0, dice(draw))


def _added(met: fate.Fate | None) -> float:
    assert met is None or isinstance(met, fate.Deliver)
    return met.after if met else 0.0


def test_a_brownout_begins_with_nothing() -> None:
    """In the first moment nothing is slow and nothing fails; without a ramp it is at its height at once."""
    assert Brownout().decide(CALL, 0.0, dice(0.0)) is None
    at_once = Brownout(ramp=Seconds(0))
    assert at_once.decide(CALL, 0.0, dice(0.19)) == fate.Answer(503, code="service_unavailable")
    assert at_once.decide(CALL, 0.0, dice(0.5)) == fate.Deliver(after=5.0)


def test_a_brownout_fails_its_share_of_calls() -> None:
    """At the height about the given share gets 503, halfway up the ramp half of it."""
    chance = Dice(3).keyed("brownout")
    share = {}
    for now in (300.0, 600.0):
        met = [Brownout().decide(CALL, now, keyed(chance, n)) for n in range(4000)]
        share[now] = sum(isinstance(each, fate.Answer) for each in met) / 4000
    assert share[300.0] == pytest.approx(0.1, abs=0.02)
    assert share[600.0] == pytest.approx(0.2, abs=0.02)


@given(round_no=st.integers(0, 1000), second=st.integers(0, 89))
def test_flapping_is_down_in_the_first_part_of_each_round(round_no: int, second: int) -> None:
    """Thirty seconds down, sixty up, from the first moment of the window on."""
    met = Flapping(Seconds(30), Seconds(60)).decide(CALL, round_no * 90.0 + second, dice())
    assert (met is not None) == (second < 30)


@pytest.mark.parametrize(
    ("header", "retry_after", "retry_date"), [("seconds", "13", 0.0), ("none", "", 0.0), ("date", "", 13.0)]
)
def test_a_rate_limit_says_how_long(
    header: Literal["seconds", "none", "date"], retry_after: str, retry_date: float
) -> None:
    """Whole seconds, rounded up, as a number, as a date, or nothing."""
    met = RateLimit(Seconds(12.5), header).decide(CALL, 0.0, dice())
    assert met == fate.Answer(429, code="rate_limited", retry_after=retry_after, retry_date=retry_date)


def test_an_odd_rate_limit_never_says_the_wait() -> None:
    """Each of the misleading values comes up, and none of them is the number of seconds to wait."""
    chance = Dice(5).keyed("odd")
    fault = RateLimit(Seconds(30), "odd")
    told = Counter(fault.decide(CALL, 0.0, keyed(chance, n)).retry_after for n in range(400))
    assert sorted(told) == ["-1", "0", "30000", "in a moment"]
    assert min(told.values()) > 60


@given(opened=st.floats(0, 1e5), since=st.floats(0, 2e5), waited=st.floats(1, 1e5))
def test_auth_expires_for_those_who_signed_in_before(opened: float, since: float, waited: float) -> None:
    """A sign-in after the window opened is good, an older one is refused until the caller signs in again."""
    call = Call("erp", "enter_order", REQUEST, "k", "k", 1, signed_in_at=since, sent_at=opened + waited)
    met = AuthExpired().decide(call, waited, dice())
    if abs(since - opened) > 1e-3:
        assert (met == fate.Answer(401, code="token_expired")) == (since < opened)


def test_signing_in_is_the_way_out() -> None:
    """The sign-in itself is never refused, or nobody would ever come back; the token of the run's start is."""
    sign_in = Call("erp", "sign_in", REQUEST, "", "", 1, signed_in_at=0.0, sent_at=60.0)
    assert AuthExpired().decide(sign_in, 10.0, dice()) is None
    at_once = Call("erp", "enter_order", REQUEST, "k", "k", 1, signed_in_at=0.0, sent_at=60.0)
    assert AuthExpired(status=403).decide(at_once, 60.0, dice()) == fate.Answer(403, code="token_expired")


def test_a_short_shipment_is_a_matter_of_picking() -> None:
    """It strikes a pick and no other work inside a warehouse."""
    pick, count = (Call("north", work, INSIDE, "MP-1/R1", "MP-1", 1, quantity=10) for work in ("pick", "count"))
    assert ShortShipment(Share(0.3)).decide(pick, 0.0, dice()) == fate.Shorten(0.3)
    assert ShortShipment().decide(count, 0.0, dice()) is None


@pytest.mark.parametrize(
    ("fault", "direction", "wants"),
    [
        (LostReply, REQUEST, "write"),
        (DuplicateRequest, REQUEST, "write"),
        (StaleRead, REQUEST, "read"),
        (WebhookDrop, WEBHOOK, ""),
        (WebhookDuplicate, WEBHOOK, ""),
        (WebhookReorder, WEBHOOK, ""),
        (ShortShipment, INSIDE, ""),
        (IntegrationCrash, REQUEST, ""),
    ],
)
def test_a_fault_strikes_where_it_belongs(fault: type[Fault], direction: str, wants: str) -> None:
    """Where a rule does not say it, the fault knows its direction, and whether it wants a read or a write."""
    assert (fault.direction, fault.wants) == (direction, wants)


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (lambda: Flapping(down=Seconds(0)), "never down"),
        (lambda: Status(status=200), "not the status of an error: 200"),
        (lambda: AuthExpired(status=500), "not the status of an expired token: 500"),
        (lambda: WebhookReorder(others=0), "nothing overtakes"),
        (lambda: ShortShipment(Share(0)), "lacks something"),
    ],
)
def test_a_fault_that_could_never_strike_is_a_mistake(build: Callable[[], Fault], what: str) -> None:
    """Values with which nothing would happen are refused with the value, before the run."""
    with pytest.raises(BadInput, match=what):
        build()
