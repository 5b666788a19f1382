"""Laws of the link: how long a call takes, what reaches the partner when nobody waits, what is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.assortment import Assortment
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.errors import CallError, HarnessError, Rejected, TimedOut
from seatrial.sim.evidence import Evidence
from seatrial.sim.latency import Constant, Latency, Lognormal, sampler
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.loop import run_virtual
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.policies.idempotency import KeyReplay
from seatrial.sim.process import Incarnation
from seatrial.sim.quantities import Seconds
from seatrial.sim.waits import pause
from seatrial.sim.world import World

SEED, TRIP = 3, 0.5  # durations are sums of powers of two: moments can be compared exactly
STEADY: Latency = Constant(Seconds(TRIP))
eighths = st.integers(0, 16).map(lambda n: n / 8)
between = st.integers(0, 16).map(lambda n: n / 8 + 1 / 64)  # never the moment at which a call moves on


class Entered(msgspec.Struct, frozen=True):
    """A reply."""

    id: str


class Enter(Request[Entered], frozen=True):
    """A write."""

    order_no: str


class Look(Request[Entered], frozen=True):
    """A read."""

    order_no: str


class Ledger(Partner):
    """A partner that writes down when it works; orders that begin with `bad` are refused."""

    kind = "ledger"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    worked: list[tuple[float, str]]

    @operation("POST", "/orders", key="order_no", document="sales_order")
    def enter(self, request: Enter) -> Entered:
        """Enter an order."""
        if request.order_no.startswith("bad"):
            raise Rejected("wrong", status=422)
        self.worked.append((self.now, request.order_no))
        return Entered(f"SO-{len(self.worked)}")

    @operation("GET", "/orders/{order_no}", key="order_no")
    def look(self, request: Look) -> Entered:
        """Look an order up."""
        return Entered("SO")


class Strait:
    """A partner behind its link, and what the caller saw."""

    def __init__(self, latency: Latency = STEADY) -> None:
        start, goods = datetime(2011, 12, 1, tzinfo=UTC), Assortment("GBP", {})
        self.world = World(SEED, start, goods, lambda env: Evidence(lambda: env.now))
        conduct = Conduct(latency=latency, idempotency={"*": KeyReplay()})
        self.ledger = Ledger("erp", self.world.ground, conduct)
        self.ledger.worked = []
        self.client = LinkClient(Link(self.ledger), Incarnation(lambda down_for: None))

    def run(self, main: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await main()
            await pause(self.world.env, 1000.0)  # whatever still is on its way arrives

        run_virtual(whole(), env=self.world.env)

    def calls(self, *columns: str) -> list[tuple[object, ...]]:
        return self.world.evidence.frame().filter(pl.col("kind") == "call").select(columns).rows()


async def outcome_of(call: Awaitable[Entered]) -> str:
    try:
        return (await call).id
    except CallError as error:
        return error.outcome


def test_a_call_takes_exactly_its_latency() -> None:
    """Half of it passes before the partner works, half after, and nothing else takes time."""
    strait = Strait()

    async def main() -> None:
        assert await strait.client.call(Enter("MP-1")) == Entered("SO-1")
        assert strait.world.env.now == TRIP

    strait.run(main)
    assert strait.ledger.worked == [(TRIP / 2, "MP-1")]


@given(eighths.filter(bool), eighths)
def test_a_timeout_is_a_timeout_at_the_deadline(trip: float, timeout: float) -> None:
    """Who waits as long as the trip gets the reply; who does not, times out at the deadline - and the partner works
    all the same when the request arrives.
    """
    strait = Strait(Constant(Seconds(trip)))

    async def main() -> None:
        call = strait.client.call(Enter("MP-1"), timeout=timeout)
        assert await outcome_of(call) == ("SO-1" if timeout >= trip else TimedOut.outcome)
        assert strait.world.env.now == min(timeout, trip)

    strait.run(main)
    assert strait.ledger.worked == [(trip / 2, "MP-1")]


@given(eighths.filter(bool), between)
def test_a_call_under_way_cannot_be_called_back(trip: float, patience: float) -> None:
    """Cancelling a call ends the wait for it, not the call: the partner works once, when the request arrives."""
    strait = Strait(Constant(Seconds(trip)))

    async def main() -> None:
        task = asyncio.create_task(outcome_of(strait.client.call(Enter("MP-1"))))
        await pause(strait.world.env, patience)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == (patience < trip)

    strait.run(main)
    assert strait.ledger.worked == [(trip / 2, "MP-1")]
    outcome, waited = ("cancelled", patience) if patience < trip else ("ok", trip)
    assert strait.calls("outcome", "latency") == [(outcome, int(waited * 1e6))]


def test_a_rejection_comes_back_like_any_reply() -> None:
    """It takes the whole trip, and has the partner's own status and code."""
    strait = Strait()

    async def main() -> None:
        with pytest.raises(Rejected) as caught:
            await strait.client.call(Enter("bad-1"))
        assert (caught.value.status, caught.value.code) == (422, "wrong")
        assert strait.world.env.now == TRIP

    strait.run(main)
    assert strait.calls("outcome", "status") == [("rejected", 422)]


class Step(msgspec.Struct, frozen=True):
    """One call of a search: when, what, how long its caller waits and when he gives up."""

    at: float
    request: Request[Entered]
    timeout: float
    patience: float


requests = st.sampled_from(["MP-1", "MP-2", "bad-1"]).flatmap(lambda no: st.sampled_from([Enter(no), Look(no)]))
steps = st.lists(st.builds(Step, eighths, requests, eighths, between), max_size=8)


@given(steps)
def test_every_call_leaves_one_row(history: list[Step]) -> None:
    """However it ends for its caller: one row with the outcome that he saw and the seconds that he waited."""
    strait = Strait()
    seen: list[tuple[str, int, str]] = []

    async def caller(step: Step) -> None:
        env = strait.world.env
        await pause(env, step.at)
        outcome = "cancelled"
        try:
            async with asyncio.timeout(step.patience):
                outcome = await outcome_of(strait.client.call(step.request, timeout=step.timeout))
        except TimeoutError:
            pass
        name = "enter" if isinstance(step.request, Enter) else "look"
        seen.append((name, int((env.now - step.at) * 1e6), "ok" if outcome.startswith("SO") else outcome))

    async def main() -> None:
        await asyncio.gather(*map(caller, history))

    strait.run(main)
    assert sorted(strait.calls("operation", "latency", "outcome")) == sorted(seen)


@given(st.lists(st.tuples(st.sampled_from(["MP-1", "MP-2", "MP-3"]), st.integers(1, 3)), max_size=8))
def test_a_call_keeps_its_latency_whatever_else_is_called(others: list[tuple[str, int]]) -> None:
    """Its trip depends on seed, partner, operation, key and attempt; other calls change nothing."""
    latency = Lognormal(Seconds(0.06), Seconds(0.4))
    strait = Strait(latency)

    async def main() -> None:
        calls = [strait.client.call(Enter(key), attempt=attempt) for key, attempt in (*others, ("SF-1", 2))]
        await asyncio.gather(*calls)

    strait.run(main)
    draw = sampler(latency, Dice(SEED), "erp")
    rows = strait.calls("key", "attempt", "latency")
    assert len(rows) == len(others) + 1
    for key, attempt, waited in rows:
        assert waited == pytest.approx(draw(f"enter/{key}/{attempt}") * 1e6, abs=1)


def test_the_key_of_a_call_is_what_makes_it_known_again() -> None:
    """A repeat under the same idempotency key gets the first reply; another key, or none, is another call."""
    strait = Strait()

    async def main() -> None:
        keys = ("k-1", "k-1", "k-2", "", "")
        replies = [(await strait.client.call(Enter("MP-1"), idempotency_key=key)).id for key in keys]
        assert replies == ["SO-1", "SO-1", "SO-2", "SO-3", "SO-4"]

    strait.run(main)


def test_a_row_says_who_asked_for_what() -> None:
    """Partner, operation, document, key, order and attempt are those of the request."""
    strait = Strait()

    async def main() -> None:
        await strait.client.call(Enter("MP-1"), attempt=3)
        await strait.client.call(Look("MP-2"))

    strait.run(main)
    assert strait.calls("partner", "operation", "document", "key", "correlation", "attempt", "status", "rule") == [
        ("erp", "enter", "sales_order", "MP-1", "MP-1", 3, 200, ""),
        ("erp", "look", "", "MP-2", "MP-2", 1, 200, ""),
    ]


def test_a_partner_offers_what_it_declares() -> None:
    """Asking for anything else is an error of the harness that names what there is."""

    class Fly(Request[Entered], frozen=True):
        order_no: str

    strait = Strait()
    assert strait.client.offers(Enter)
    assert not strait.client.offers(Fly)

    async def main() -> None:
        with pytest.raises(HarnessError, match=r"no operation for Fly · known: enter, look"):
            await strait.client.call(Fly("MP-1"))

    strait.run(main)
