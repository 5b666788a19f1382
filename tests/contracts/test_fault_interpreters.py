"""What a fault decides is what the caller sees: the contract of every interpreter of the fates of calls.

An interpreter carries out fates: the in-memory link, the httpx transport (for synchronous clients and `requests`, too),
the partner's own server and the proxy before it. Each is one class, here or in `harness/waterside.py`; what it shows
has to be the same. The file is long because the declaration of every fate stands next to the laws about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import msgspec
import pytest
from blocking import Blocking, BlockingHttpx, BlockingRequests, InGreenlets
from counter import Asking, Counter, Enter, Entered, Look, Seen
from sights import (
    SEED,
    START,
    Bound,
    Interpreter,
    Log,
    Sight,
    asked_by_httpx,
    fate_of,
    log_of,
    sight_of,
    storm,
)
from waterside import AtPartner, AtPartnerByHttpx, BeforePartner, BeforePartnerByHttpx, Waterside

from seatrial.mocks.httpx_transport import HttpxTransport
from seatrial.sim.assortment import Assortment
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import CallError
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import (
    Answer,
    Crash,
    Deliver,
    Drip,
    Drop,
    Fate,
    Freeze,
    Garble,
    LoseReply,
    Refuse,
    Reset,
    Stale,
    Twice,
)
from seatrial.sim.fault import Fault
from seatrial.sim.latency import Constant
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.loop import VirtualLoop
from seatrial.sim.operation import Request
from seatrial.sim.process import Incarnation
from seatrial.sim.quantities import Seconds
from seatrial.sim.waits import pause
from seatrial.sim.world import World

DURATIONS = ("before", "after", "gap", "seconds", "age", "down_for", "lasts")


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
    Answer(200),
    Answer(200, "html"),
    Answer(503, "html", retry_after="7"),
    Answer(200, "empty"),
    Answer(200, "malformed"),
    Answer(429, retry_after="7"),
    Answer(429, retry_after="in a moment"),
    Answer(503, retry_date=90.0),
    Garble("malformed"),
    Garble("truncated", 0.0),
    Garble("truncated", 0.5),
    Garble("truncated", 1.0),
    Drip(4.0),
    Reset(),
    Reset(after_commit=True),
    Stale(64.0),
    Crash(60.0),
    Crash(60.0, after_commit=False),
    Freeze(60.0),
)
"""Every fate of a call; durations in units of the interpreter."""


class Sea:
    """A world with one partner and one rule, which strikes first attempts on MP-1."""

    def __init__(self, fault: Fault, trip: float) -> None:
        start, goods = datetime(2011, 12, 1, 8, tzinfo=UTC), Assortment("GBP", {})
        self.world = World(SEED, start, goods, lambda env: Evidence(lambda: env.now))
        self.erp = Counter("erp", self.world.ground, Conduct(latency=Constant(Seconds(trip))))
        self.erp.open()
        self.world.fear([storm(fault)])
        self.down_for = self.frozen_for = 0.0

    def crash(self, down_for: float) -> None:
        self.down_for = down_for

    def freeze(self, lasts: float) -> None:
        self.frozen_for = lasts


class InMemory:
    """The in-memory link and its typed client."""

    unit, trip, timeout, slack = 1.0, 0.25, 32.0, 0.0  # sums of powers of two: what is seen can be compared exactly
    bears_drops = speaks_http = False
    refuses = True
    cannot: tuple[type, ...] = ()

    def sight(self, fault: Fault, request: Asking, history: Sequence[float] = ()) -> Sight:
        sea = self.sea = Sea(fault, self.trip)
        sea.erp.entered = [START - ago for ago in history]
        loop = VirtualLoop(sea.world.env)
        try:
            return loop.run_until_complete(self._watch(sea, request))
        finally:
            loop.close()

    def log(self) -> Log:
        (coverage,) = self.sea.world.rulebook.coverage
        return log_of(self.sea.world.evidence.frame(), coverage.fired, coverage.mattered)

    async def _watch(self, sea: Sea, request: Asking) -> Sight:
        env, call = sea.world.env, self.caller(sea, Link(sea.erp))
        await pause(env, START)
        before = len(sea.erp.entered)
        try:
            seen = await call(request)
        except asyncio.CancelledError:
            seen = Sight("cancelled")
        seen = msgspec.structs.replace(seen, waited=env.now - START)
        await pause(env, 10_000.0)
        return msgspec.structs.replace(
            seen, worked=len(sea.erp.entered) - before, down_for=sea.down_for, frozen_for=sea.frozen_for
        )

    def caller(self, sea: Sea, link: Link) -> Callable[[Asking], Awaitable[Sight]]:
        client = LinkClient(link, Incarnation(sea.crash, sea.freeze))

        async def call(request: Asking) -> Sight:
            try:
                reply = await client.call(cast("Request[Any]", request), timeout=self.timeout)
            except CallError as error:
                return sight_of(error)
            return Sight("ok", reply, 200, "document")

        return call


class OverHttpx(InMemory):
    """The transport for httpx, with httpx's own client before it."""

    bears_drops = speaks_http = True

    def caller(self, sea: Sea, link: Link) -> Callable[[Asking], Awaitable[Sight]]:
        transport = HttpxTransport([link], Incarnation(sea.crash, sea.freeze))
        client = httpx.AsyncClient(transport=transport, base_url="http://erp.seatrial", timeout=self.timeout)
        return lambda request: asked_by_httpx(client, request, lambda: sea.world.ground.day.wall(sea.world.env.now))


class BySynchronousCode(OverHttpx):
    """Synchronous code of a guest, with a client of its own that knows of no transport."""

    make: Callable[[float], Blocking] = BlockingHttpx

    def caller(self, sea: Sea, link: Link) -> Callable[[Asking], Awaitable[Sight]]:
        transport = HttpxTransport([link], Incarnation(sea.crash, sea.freeze))
        client = InGreenlets(self.make(self.timeout), transport)
        return lambda request: asked_by_httpx(client, request, lambda: sea.world.ground.day.wall(sea.world.env.now))


class ByRequests(BySynchronousCode):
    """The same with the library `requests`."""

    make = BlockingRequests


ON_SOCKETS = (AtPartner(), AtPartnerByHttpx(), BeforePartner(), BeforePartnerByHttpx())
INTERPRETERS = (
    pytest.param(InMemory(), id="in memory"),
    pytest.param(OverHttpx(), id="over httpx"),
    pytest.param(BySynchronousCode(), id="by synchronous code"),
    pytest.param(ByRequests(), id="by requests"),
    pytest.param(ON_SOCKETS[0], id="at the partner", marks=pytest.mark.wire),
    pytest.param(ON_SOCKETS[1], id="at the partner, by httpx", marks=pytest.mark.wire),
    pytest.param(ON_SOCKETS[2], id="before the partner", marks=pytest.mark.wire),
    pytest.param(ON_SOCKETS[3], id="before the partner, by httpx", marks=pytest.mark.wire),
)
"""Those that carry out fates. One on sockets is a `pytest.param` with `marks=pytest.mark.wire`; there are two places
and two clients, and what both clients see of every fate one of them sees of every fault.
"""
everywhere = pytest.mark.parametrize("interpreter", INTERPRETERS)
BY_THE_PARTNER = (Deliver(before=4.0), Twice(), Drip(4.0), LoseReply("reset"), Garble(), Garble("truncated"))
"""Fates under which the partner itself says what it says."""


@pytest.fixture(scope="module", autouse=True)
def _sockets(waterside: Waterside) -> None:
    """All interpreters on sockets share one partner and one proxy."""
    for each in ON_SOCKETS:
        each.side = waterside


def in_units(fate: Fate, unit: float) -> Fate:
    """A fate with its durations on the clock of an interpreter."""
    lengths = {name: getattr(fate, name) * unit for name in DURATIONS if name in fate.__struct_fields__}
    return msgspec.structs.replace(fate, **lengths) if unit != 1.0 else fate


def expected(fate: Fate | None, by: Interpreter) -> Sight:  # noqa: C901 (one line for each fate)
    """The declaration: what the caller of a write sees of each fate."""
    done = Sight("ok", Entered("SO-1"), 200, "document", 1)
    match fate:
        case None | Deliver() | Drip() | Stale():
            return done
        case Freeze(lasts):
            return msgspec.structs.replace(done, frozen_for=lasts)
        case Twice():
            return msgspec.structs.replace(done, worked=2)
        case Refuse():
            return Sight("refused", raised="ConnectError") if by.refuses else Sight("reset", raised="ReadError")
        case Drop():
            return Sight("timed_out", raised="ReadTimeout")
        case LoseReply("silence"):
            return Sight("timed_out", worked=1, raised="ReadTimeout")
        case LoseReply():
            return Sight("reset", worked=1, raised="ReadError")
        case Reset(after_commit):
            return Sight("reset", worked=int(after_commit), raised="ReadError")
        case Garble("truncated") if by.speaks_http:
            return Sight("unreadable", body="half", worked=1, raised="RemoteProtocolError")
        case Garble():
            return Sight("unreadable", status=200, body="malformed", worked=1)
        case Answer(status, "error") if status >= 300:
            return Sight("rejected", status=status, body="refusal", retry_after=readable_wait(fate, by))
        case Answer(status, body):  # an error with a status of success is no document
            return Sight("unreadable", status=status, body="malformed" if body == "error" else body)
        case Crash(down_for, after_commit):
            return Sight("cancelled", worked=int(after_commit), down_for=down_for)
        case _:
            raise AssertionError(f"a request cannot meet {fate!r}")


def refused(due: Sight) -> Sight:
    """The declaration: the same for a write that the partner refuses."""
    if due.outcome == "ok":
        return Sight("rejected", status=422, body="refusal")
    return msgspec.structs.replace(due, worked=0, status=422 if due.status else 0)


def expected_row(due: Sight, fate: Fate | None) -> dict[str, object]:
    """The declaration: what the evidence says of the call, wherever a refused connection was accepted first."""
    rule = "storm" if fate else ""
    code = (fate.code or "error") if isinstance(fate, Answer) else "no_such_customer"
    return {
        "partner": "erp",
        "operation": "enter",
        "document": "sales_order",
        "attempt": 1,
        "outcome": due.outcome,
        "status": due.status,
        "rule": rule,
        "code": code if due.outcome == "rejected" else "",
    }


def readable_wait(answer: Answer, by: Interpreter) -> float | None:
    """Seconds that a caller makes of the Retry-After header; dates are cut to whole seconds, words say nothing."""
    if answer.retry_date:
        return answer.retry_date - by.trip / 2
    is_number = answer.retry_after.lstrip("-").isdigit()
    return max(0.0, float(answer.retry_after)) if is_number else None


def expected_wait(fate: Fate | None, by: Interpreter) -> tuple[float, float]:
    """Least and most seconds that the caller waits."""
    match fate:
        case Deliver(before, back):
            return by.trip + before + back, by.trip + before + back
        case Drip(seconds):
            return by.trip + seconds, by.trip + seconds
        case Drop() | LoseReply("silence"):
            return by.timeout, by.timeout
        case None | Twice() | Stale() | Freeze() | Garble() | LoseReply() | Reset(after_commit=True):
            return by.trip, by.trip
        case _:
            return 0.0, by.trip


def check(interpreter: Interpreter, fault: Fault, order: str = "MP-1") -> None:
    """What was raised, status, body, work done and time waited are those declared for the fate; the log says so too."""
    fate = fate_of(fault)
    if isinstance(fate, interpreter.cannot):
        pytest.skip(f"others carry out {type(fate).__name__}")
    is_refused = order.endswith("-0")
    seen, due, told = interpreter.sight(fault, Enter(order)), expected(fate, interpreter), expected(fate, InMemory())
    if is_refused:
        due, told = refused(due), refused(told)
    least, most = expected_wait(fate, interpreter)
    early = 0.01 if interpreter.slack else 1e-6  # timers on sockets are as fine as a millisecond
    assert least - early <= seen.waited <= most + interpreter.slack + 1e-6
    if due.retry_after is not None and seen.retry_after is not None:  # a date is cut to a whole second
        assert abs(seen.retry_after - due.retry_after) <= (1.0 + interpreter.slack if interpreter.slack else 0.0)
        due = msgspec.structs.replace(due, retry_after=seen.retry_after)
    raised = due.raised if interpreter.speaks_http else ""
    assert seen == msgspec.structs.replace(due, waited=seen.waited, raised=raised)
    check_log(interpreter, expected_row(told, fate) | {"key": order}, seen.waited)


def check_log(interpreter: Interpreter, row: dict[str, object], waited: float) -> None:
    """One row for the call with the outcome that the caller saw, and one for the strike."""
    log, strikes = interpreter.log(), int(row["rule"] != "")
    (call,) = log.calls
    assert {name: call[name] for name in row} == row
    assert abs(call["latency"] / 1e6 - waited) <= interpreter.slack + 1e-6
    named = {name: row[name] for name in ("partner", "operation", "key", "attempt", "rule")}
    assert [{name: fault[name] for name in named} for fault in log.faults] == [named] * strikes
    assert [fault["outcome"] for fault in log.faults] == ["mattered"] * strikes
    assert (log.fired, log.mattered) == (strikes, strikes)


@pytest.mark.parametrize("interpreter", [INTERPRETERS[place] for place in (0, 1, 2, 5)])
def test_the_caller_sees_what_the_fault_decided(interpreter: Interpreter, request_fault: Fault) -> None:
    """What a caller sees depends on the fate alone, whichever fault chose it and whoever carries it out."""
    fate, is_steady = fate_of(request_fault), interpreter.unit == 1.0 or is_blind_to_time(request_fault)
    scaled = None if fate is None else in_units(fate, interpreter.unit)
    check(interpreter, request_fault if scaled is None or (scaled == fate and is_steady) else Bound(scaled))


def is_blind_to_time(fault: Fault) -> bool:
    """Whether it decides the same whenever it is asked, so that it strikes as declared at any real time too."""
    return len({repr(fate_of(fault, now)) for now in (START, START + 45.0, 10 * START)}) == 1


@everywhere
@pytest.mark.parametrize("fate", CALL_FATES, ids=repr)
def test_every_fate_of_a_call_is_carried_out(interpreter: Interpreter, fate: Fate) -> None:
    """Each fate that a call can meet has its own sight, and the same from every side."""
    check(interpreter, Bound(in_units(fate, interpreter.unit)))


@everywhere
@pytest.mark.parametrize("fate", BY_THE_PARTNER, ids=repr)
def test_a_refusal_meets_its_fate_like_any_reply(interpreter: Interpreter, fate: Fate) -> None:
    """What the partner refuses is late, doubled, lost or garbled as a document is, and keeps its status."""
    check(interpreter, Bound(in_units(fate, interpreter.unit)), "MP-0")


@everywhere
def test_a_call_the_rule_does_not_aim_at_goes_through(interpreter: Interpreter) -> None:
    """Another business key is served as if there were no fault."""
    seen = interpreter.sight(Bound(Refuse()), Enter("SF-1"))
    assert seen == msgspec.structs.replace(expected(None, interpreter), waited=seen.waited)
    assert abs(seen.waited - interpreter.trip) <= interpreter.slack
    check_log(interpreter, expected_row(seen, None) | {"key": "SF-1"}, seen.waited)


@everywhere
def test_a_refusal_of_the_partner_is_its_own(interpreter: Interpreter) -> None:
    """What a partner refuses arrives with its status and in its error shape."""
    seen = interpreter.sight(Bound(Refuse()), Enter("SF-0"))
    assert seen == Sight("rejected", status=422, body="refusal", waited=seen.waited)


@everywhere
@pytest.mark.parametrize("fate", [Deliver(before=64.0), Deliver(after=64.0)], ids=repr)
def test_who_does_not_wait_long_enough_times_out_on_work_that_is_done(interpreter: Interpreter, fate: Fate) -> None:
    """A delay beyond the timeout is a timeout at the timeout, and the partner works all the same."""
    seen = interpreter.sight(Bound(in_units(fate, interpreter.unit)), Enter("MP-1"))
    assert (seen.outcome, seen.worked) == ("timed_out", 1)
    assert abs(seen.waited - interpreter.timeout) <= interpreter.slack


@everywhere
def test_a_body_in_drops_outlasts_the_timeout_of_who_only_bounds_silence(interpreter: Interpreter) -> None:
    """A caller that bounds the whole call times out; one that bounds each silence, as HTTP clients do, does not."""
    seen = interpreter.sight(Bound(in_units(Drip(64.0), interpreter.unit)), Enter("MP-1"))
    assert (seen.outcome, seen.worked) == ("ok" if interpreter.bears_drops else "timed_out", 1)
    due = interpreter.trip + 64.0 * interpreter.unit if interpreter.bears_drops else interpreter.timeout
    assert abs(seen.waited - due) <= interpreter.slack


@everywhere
@pytest.mark.parametrize(("age", "orders"), [(64.0, 1), (16.0, 2)])
def test_a_stale_read_shows_what_was_true_then(interpreter: Interpreter, age: float, orders: int) -> None:
    """A read of a copy sees what had happened by the time of the copy, and nothing later."""
    if Stale in interpreter.cannot:
        pytest.skip("others carry out stale reads")
    history = [ago * interpreter.unit for ago in (100.0, 32.0, 1.0)]
    seen = interpreter.sight(Bound(in_units(Stale(age), interpreter.unit)), Look("MP-1"), history)
    assert seen.reply == Seen(orders)
