"""What a fault decides is what the sender sees: the contract, kept by the in-memory link and the post."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import pytest

from seatrial.sim.assortment import Assortment
from seatrial.sim.call import INSIDE, REQUEST, WEBHOOK, Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.errors import CallError
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import (
    Answer,
    Behind,
    Crash,
    Deliver,
    Drip,
    Drop,
    Fate,
    Garble,
    LoseReply,
    Refuse,
    Reset,
    Shorten,
    Stale,
    Twice,
)
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.latency import Constant
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.loop import VirtualLoop
from seatrial.sim.notice import Notice
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.post import Finished
from seatrial.sim.process import Incarnation
from seatrial.sim.quantities import Seconds
from seatrial.sim.rulebook import ArmedRule
from seatrial.sim.waits import after, pause
from seatrial.sim.world import World

SEED, START = 11, 1000.0
TRIP, TIMEOUT, RETRY = 0.25, 32.0, 128.0  # sums of powers of two: what is seen can be compared exactly


class Bound(Fault, frozen=True):
    """A fault that chooses one fate, also one that no fault of the catalogue chooses today."""

    fate: Fate

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return self.fate


CALL_FATES: tuple[Fate, ...] = (
    Deliver(before=4.0),
    Deliver(after=4.0),
    Deliver(before=2.0, after=2.0),
    Twice(),
    Twice(gap=64.0),
    Refuse(),
    Drop(),
    LoseReply("silence"),
    LoseReply("reset"),
    Answer(500, code="boom"),
    Answer(200, "html"),
    Answer(200, "empty"),
    Answer(200, "malformed"),
    Answer(429, retry_after="7"),
    Garble("malformed"),
    Garble("truncated", 0.0),
    Drip(4.0),
    Reset(),
    Reset(after_commit=True),
    Stale(64.0),
    Crash(60.0),
    Crash(60.0, after_commit=False),
)
HOOK_FATES: tuple[Fate, ...] = (
    Deliver(before=4.0),
    Deliver(after=4.0),
    Twice(),
    Twice(gap=64.0),
    Behind(2, 512.0),
    Refuse(),
    Drop(),
    LoseReply("silence"),
    Answer(200, "empty"),
    Answer(500),
    Reset(),
    Crash(60.0),
    Crash(60.0, after_commit=False),
)


class Entered(msgspec.Struct, frozen=True):
    id: str


class Enter(Request[Entered], frozen=True):
    order_no: str


class Seen(msgspec.Struct, frozen=True):
    orders: int


class Look(Request[Seen], frozen=True):
    order_no: str


class Erp(Partner):
    """A partner that counts: whatever reaches it is written down."""

    kind = "counter"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def open(self) -> None:
        self.entered: list[float] = []

    @operation("POST", "/orders", key="order_no", document="sales_order")
    def enter(self, request: Enter) -> Entered:
        """Enter an order, again and again."""
        self.entered.append(self.now)
        return Entered(f"SO-{len(self.entered)}")

    @operation("GET", "/orders/{order_no}", key="order_no")
    def look(self, request: Look) -> Seen:
        """How many orders there are, as far as this read can see."""
        return Seen(sum(at <= self.visible_until for at in self.entered))


class Sight(msgspec.Struct, frozen=True):
    """What the sender of a call saw, and how often the partner did the work."""

    outcome: str
    reply: object = None
    worked: int = 0
    retry_after: float | None = None
    down_for: float = 0.0


class Sea:
    """A world with one partner and one rule, which strikes first attempts on MP-1; the sender's other end as well."""

    def __init__(self, fault: Fault, direction: str) -> None:
        start, goods = datetime(2011, 12, 1, 8, tzinfo=UTC), Assortment("GBP", {})
        self.world = World(SEED, start, goods, lambda env: Evidence(lambda: env.now))
        trip = Constant(Seconds(TRIP))
        post = Webhooks(latency=trip, timeout=Seconds(TIMEOUT), retries=(Seconds(RETRY),))
        self.erp = Erp("erp", self.world.ground, Conduct(latency=trip, webhooks=post))
        self.erp.open()
        self.rule = Rule("storm", fault, direction=direction, key="MP-1", first=1)
        self.world.fear([self.rule])
        self.down_for = 0.0
        self.received: list[tuple[float, str]] = []
        self.up = True

    @property
    def coverage(self) -> tuple[int, int]:
        """How often the rule struck, and how often it mattered."""
        (seen,) = self.world.rulebook.coverage
        return seen.fired, seen.mattered

    def fate(self, operation: str, sent_at: float = START) -> Fate | None:
        """What the rule has in store: a second one of the same seed decides the same."""
        direction, armed = self.rule.direction, ArmedRule(self.rule, Dice(SEED))
        access = next((each.access for each in self.erp.operations.values() if each.name == operation), "")
        if not armed.aims_at("erp", self.erp.kind, operation, direction, access):
            return None  # a fault that wants a read leaves a write alone
        asked = Call("erp", operation, direction, "MP-1", "MP-1", 1, sent_at=sent_at, quantity=10)
        decision = armed.decide(asked, sent_at)
        return None if decision is None else decision.fate

    def call(self, request: Request[Any]) -> tuple[Sight, float]:
        """What is seen of a call made at second START with a sign-in of second 0, and the time it took."""
        loop = VirtualLoop(self.world.env)
        try:
            return loop.run_until_complete(self._call(request))
        finally:
            loop.close()

    async def _call(self, request: Request[Any]) -> tuple[Sight, float]:
        env = self.world.env
        client = LinkClient(Link(self.erp), Incarnation(self.crash))
        await pause(env, START)
        outcome, reply, retry_after = "ok", None, None
        try:
            reply = await client.call(request, timeout=TIMEOUT)
        except CallError as error:
            outcome, retry_after = error.outcome, getattr(error, "retry_after", None)
        except asyncio.CancelledError:
            outcome = "cancelled"
        waited = env.now - START
        await pause(env, 10_000.0)
        return Sight(outcome, reply, len(self.erp.entered), retry_after, self.down_for), waited

    def tell(self, others: int = 0) -> list[tuple[float, str]]:
        """Publish an event at second START and others a second apart behind it; gives times and events received."""
        env = self.world.env
        self.erp.post.connect(self)
        after(env, START, self.erp.publish, "order.placed", "MP-1", "MP-1", Seen(0))
        for number in range(others):
            after(env, START + 1 + number, self.erp.publish, "order.placed", f"SF-{number}", "", Seen(0))
        env.run(until=20_000.0)
        return [(at - START, key) for at, key in self.received]

    def deliver(self, notice: Notice, finished: Finished) -> None:
        self.received.append((self.world.env.now, notice.key))
        finished(None)

    def crash(self, down_for: float) -> None:
        self.down_for = down_for


def expected(fate: Fate | None) -> Sight:  # noqa: C901 (one line for each fate)
    """The declaration: what the sender of a write sees of each fate."""
    done = Sight("ok", Entered("SO-1"), 1)
    match fate:
        case None | Deliver() | Drip() | Stale():
            return done
        case Twice():
            return msgspec.structs.replace(done, worked=2)
        case Refuse():
            return Sight("refused")
        case Drop():
            return Sight("timed_out")
        case LoseReply(how):
            return Sight("timed_out" if how == "silence" else "reset", worked=1)
        case Reset(after_commit):
            return Sight("reset", worked=int(after_commit))
        case Garble():
            return Sight("unreadable", worked=1)
        case Answer(body="error"):
            return Sight("rejected", retry_after=readable_wait(fate))
        case Answer():
            return Sight("unreadable")
        case Crash(down_for, after_commit):
            return Sight("cancelled", worked=int(after_commit), down_for=down_for)
        case _:
            raise AssertionError(f"a request cannot meet {fate!r}")


def readable_wait(answer: Answer) -> float | None:
    """Seconds that a caller makes of the Retry-After header; dates are cut to whole seconds, words say nothing."""
    if answer.retry_date:
        return answer.retry_date - TRIP / 2
    is_number = answer.retry_after.lstrip("-").isdigit()
    return max(0.0, float(answer.retry_after)) if is_number else None


def expected_wait(fate: Fate | None) -> tuple[float, float]:
    """Least and most seconds that the sender waits."""
    match fate:
        case Deliver(before, back):
            return TRIP + before + back, TRIP + before + back
        case Drip(seconds):
            return TRIP + seconds, TRIP + seconds
        case Drop() | LoseReply("silence"):
            return TIMEOUT, TIMEOUT
        case None | Twice() | Stale() | Garble() | LoseReply() | Reset(after_commit=True):
            return TRIP, TRIP
        case _:
            return 0.0, TRIP


def check_call(sea: Sea) -> None:
    """Outcome, reply, work done and time waited are those declared for the fate."""
    fate = sea.fate("enter")
    sight, waited = sea.call(Enter("MP-1"))
    least, most = expected_wait(fate)
    assert sight == expected(fate)
    assert least - 1e-6 <= waited <= most + 1e-6
    assert sea.coverage == ((1, 1) if fate else (0, 0))


def test_the_sender_sees_what_the_fault_decided(request_fault: Fault) -> None:
    """What a sender sees depends on the fate alone, whichever fault chose it."""
    check_call(Sea(request_fault, REQUEST))


@pytest.mark.parametrize("fate", CALL_FATES, ids=repr)
def test_every_fate_of_a_call_is_carried_out(fate: Fate) -> None:
    """Each fate that a call can meet has its own sight."""
    check_call(Sea(Bound(fate), REQUEST))


def test_a_call_the_rule_does_not_aim_at_goes_through(request_fault: Fault) -> None:
    """Another business key is served as if there were no fault."""
    sight, waited = Sea(request_fault, REQUEST).call(Enter("SF-1"))
    assert (sight, waited) == (expected(None), TRIP)


def test_a_call_leaves_its_outcome_and_its_rule_in_the_evidence(request_fault: Fault) -> None:
    """The log has one row for the call with the outcome that the sender saw, and one for the strike."""
    sea = Sea(request_fault, REQUEST)
    sight, _ = sea.call(Enter("MP-1"))
    rows = sea.world.evidence.frame()
    (call,) = rows.filter(kind="call").rows(named=True)
    rule = "storm" if sea.fate("enter") else ""
    assert (call["outcome"], call["rule"]) == (sight.outcome, rule)
    assert rows.filter(kind="fault")["outcome"].to_list() == ["mattered"] * bool(rule)


@pytest.mark.parametrize("fate", [Deliver(before=64.0), Deliver(after=64.0), Drip(64.0)], ids=repr)
def test_who_does_not_wait_long_enough_times_out_on_work_that_is_done(fate: Fate) -> None:
    """A delay beyond the timeout is a timeout at the timeout, and the partner works all the same."""
    assert Sea(Bound(fate), REQUEST).call(Enter("MP-1")) == (Sight("timed_out", worked=1), TIMEOUT)


@pytest.mark.parametrize(("age", "seen"), [(64.0, 1), (16.0, 2)])
def test_a_stale_read_shows_what_was_true_then(age: float, seen: int) -> None:
    """A read of a copy sees what had happened by the time of the copy, and nothing later."""
    sea = Sea(Bound(Stale(age)), REQUEST)
    sea.erp.entered = [START - 100.0, START - 32.0, START - 1.0]
    sight, _ = sea.call(Look("MP-1"))
    assert sight.reply == Seen(seen)


def expected_arrivals(fate: Fate | None) -> list[float]:
    """The declaration: when a webhook reaches a receiver that answers at once, in seconds after it was sent."""
    way = TRIP / 2
    match fate:
        case Deliver(before, _):
            return [way + before]
        case Twice(gap):
            return [way, way + gap]
        case Behind(_, at_most):
            return [way + at_most]
        case Drop():
            return [TIMEOUT + RETRY + way]
        case Refuse() | Reset() | Crash(after_commit=False):
            return [TRIP + RETRY + way]
        case LoseReply():
            return [way, TIMEOUT + RETRY + way]
        case Answer(status):
            return [] if status < 300 else [TRIP + RETRY + way]
        case _:
            return [way]


def check_hook(sea: Sea) -> None:
    """The webhook arrives when and as often as declared for its fate."""
    fate = sea.fate("order.placed")
    arrivals = sea.tell()
    assert arrivals == [(at, "MP-1") for at in expected_arrivals(fate)]
    assert sea.coverage == ((0, 0) if fate is None else (1, int(not is_gentle(fate))))
    assert sea.down_for == (fate.down_for if isinstance(fate, Crash) else 0.0)


def is_gentle(fate: Fate) -> bool:
    """A webhook that is only late, and in time all the same, does not matter."""
    return isinstance(fate, Deliver)


def test_the_receiver_sees_what_the_fault_decided(webhook_fault: Fault) -> None:
    """What a receiver sees depends on the fate alone, whichever fault chose it."""
    check_hook(Sea(webhook_fault, WEBHOOK))


@pytest.mark.parametrize("fate", HOOK_FATES, ids=repr)
def test_every_fate_of_a_webhook_is_carried_out(fate: Fate) -> None:
    """Each fate that a webhook can meet has its own arrivals."""
    check_hook(Sea(Bound(fate), WEBHOOK))


def test_a_webhook_held_back_arrives_once_behind_the_others() -> None:
    """It goes when enough later ones have gone, and its sender does not take the waiting for a failure."""
    arrivals = Sea(Bound(Behind(2, 512.0)), WEBHOOK).tell(others=3)
    assert [key for _, key in arrivals] == ["SF-0", "SF-1", "MP-1", "SF-2"]


def test_work_inside_meets_its_fate(inside_fault: Fault) -> None:
    """A partner that asks whether a fault strikes its work is told the fate, and the strike is logged."""
    sea = Sea(inside_fault, INSIDE)
    met = sea.erp.strikes("pick", "MP-1", "MP-1", 10)
    assert met == sea.fate("pick", 0.0)
    assert isinstance(met, Shorten)
    assert 0 < met.share <= 1
    assert sea.coverage == (1, 1)
