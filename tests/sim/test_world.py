"""Laws of a world: two phases, windows that are written down, and a verdict on whatever the integration does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import polars as pl
import pytest

from seatrial.sim.assortment import Assortment
from seatrial.sim.call import Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import Refused
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Fate, Refuse
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.fences import LeftVirtualTime
from seatrial.sim.integration import Integration, Surroundings
from seatrial.sim.latency import Constant
from seatrial.sim.notice import Notice
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.process import Process
from seatrial.sim.quantities import Seconds
from seatrial.sim.waits import after
from seatrial.sim.world import Voyage, World

SHORT = Voyage(chaos=100.0, calm=50.0)


class Entered(msgspec.Struct, frozen=True):
    """A reply."""


class Enter(Request[Entered], frozen=True):
    """A request."""

    order_no: str


class Ledger(Partner):
    """A partner that writes down when it was asked."""

    kind = "ledger"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    @operation("POST", "/orders", key="order_no", document="sales_order")
    def enter(self, request: Enter) -> Entered:
        """Enter an order."""
        self.committed("sales_order", request.order_no, request.order_no, "SO-1")
        return Entered()


class Closed(Fault, frozen=True):
    """Nobody gets in."""

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return Refuse()


class Captain:
    """An integration that does what it was told to do."""

    def __init__(self, around: Surroundings, orders: Callable[[Surroundings], Awaitable[None]]) -> None:
        self.around = around
        self.orders = orders

    async def run(self) -> None:
        await self.orders(self.around)

    async def receive(self, notice: Notice) -> None:
        self.around.note("received", notice.key)


class Trip:
    """A small world and what became of it."""

    def __init__(self, orders: Callable[[Surroundings], Awaitable[None]], *rules: Rule) -> None:
        start, goods = datetime(2026, 3, 2, tzinfo=UTC), Assortment("GBP", {})
        self.world = World(3, start, goods, lambda env: Evidence(lambda: env.now))
        self.ledger = Ledger("ledger", self.world.ground, Conduct(latency=Constant(Seconds(0.5))))
        self.world.add(self.ledger)
        self.world.fear(rules)
        self.orders = orders

    def make(self, around: Surroundings) -> Integration:
        return Captain(around, self.orders)

    def run(self, voyage: Voyage = SHORT) -> Process:
        return self.world.run(self.make, voyage)

    def rows(self, kind: str, *columns: str) -> list[tuple[object, ...]]:
        return self.world.evidence.frame().filter(pl.col("kind") == kind).select(columns).rows()


async def asks_every_ten_seconds(around: Surroundings) -> None:
    client, number = around.one("ledger"), 0
    while True:
        number += 1
        with contextlib.suppress(Refused):
            await client.call(Enter(f"MP-{number}"))
        await asyncio.sleep(9.5 if around.now() % 10 else 10.0)


async def idles(around: Surroundings) -> None:
    await asyncio.Event().wait()


def test_a_voyage_is_chaos_and_then_calm() -> None:
    """The phases are written at their seconds, and the run ends with the calm."""
    trip = Trip(idles)
    trip.run()
    assert trip.rows("phase", "time", "key", "outcome") == [
        (0, "chaos", "begin"),
        (100_000_000, "chaos", "end"),
        (100_000_000, "calm", "begin"),
        (150_000_000, "calm", "end"),
    ]
    assert trip.world.env.now == 150.0


def test_no_fault_strikes_in_the_calm() -> None:
    """A rule without an end strikes to the last second of chaos, and never after it."""
    trip = Trip(asks_every_ten_seconds, Rule("closed", Closed(), at="ledger"))
    trip.run()
    outcomes = [(int(str(at)) < 100_000_000, outcome) for at, outcome in trip.rows("call", "time", "outcome")]
    assert set(outcomes) == {(True, "refused"), (False, "ok")}
    (coverage,) = trip.world.rulebook.coverage
    assert coverage.fired == coverage.mattered == outcomes.count((True, "refused"))


@pytest.mark.parametrize(
    ("start", "stop", "window"),
    [(20.0, 60.0, (20, 60)), (20.0, float("inf"), (20, 100)), (0.0, 120.0, (0, 100)), (130.0, 140.0, None)],
)
def test_the_window_of_a_fault_is_written_down(start: float, stop: float, window: tuple[int, int] | None) -> None:
    """Its begin and its end are phase rows of the rule; it ends with the chaos; one that never opens has none."""
    trip = Trip(idles, Rule("closed", Closed(), start=Seconds(start), stop=Seconds(stop)))
    trip.run()
    rows = [row for row in trip.rows("phase", "time", "outcome", "rule") if row[2]]
    begin, end = window or (0, 0)
    expected = [(begin * 1_000_000, "begin", "closed"), (end * 1_000_000, "end", "closed")]
    assert rows == (expected if window else [])


def test_an_integration_that_fails_leaves_a_run_to_be_judged() -> None:
    """The run goes on to its end without it: partners work, nobody listens, and the error is told."""

    async def fails(around: Surroundings) -> None:
        await around.one("ledger").call(Enter("MP-1"))
        raise KeyError("unknown sea")

    trip = Trip(fails)
    after(trip.world.env, 20.0, trip.ledger.publish, "order.placed", "SF-1", "SF-1", Entered())
    process = trip.run()
    assert isinstance(process.failure, KeyError)
    assert trip.rows("webhook", "outcome")[0] == ("failed",)
    assert trip.rows("note", "operation") == [("crash",)]
    assert trip.world.env.now == 150.0


def test_an_integration_that_returns_leaves_a_run_to_be_judged() -> None:
    """So does one that thinks it is done."""

    async def returns(around: Surroundings) -> None:
        await asyncio.sleep(10)

    trip = Trip(returns)
    assert trip.run().failure is None
    assert trip.rows("note", "operation") == [("crash",)]
    assert trip.world.env.now == 150.0


@pytest.mark.parametrize("swallows", [False, True])
def test_an_integration_that_left_virtual_time_is_not_judged(swallows: bool) -> None:
    """What it did after a real sleep says nothing: the run ends in an error that names it, swallowed or not."""

    async def leaves(around: Surroundings) -> None:
        with contextlib.suppress(Exception if swallows else KeyError):
            time.sleep(0.001)  # noqa: ASYNC251 (that is the point)
        await asyncio.Event().wait()

    with pytest.raises(LeftVirtualTime, match=r"time\.sleep leaves virtual time"):
        Trip(leaves).run()


def test_who_is_enlivened_starts_with_the_voyage() -> None:
    """Those who are no partners, such as shoppers, begin before the integration makes its first step."""
    begun: list[str] = []

    async def orders(around: Surroundings) -> None:
        begun.append("integration")
        await asyncio.Event().wait()

    trip = Trip(orders)
    trip.world.enliven(lambda: begun.append("shoppers"))
    trip.run()
    assert begun == ["shoppers", "integration"]


def test_what_an_integration_says_of_itself_is_in_the_log() -> None:
    """Notes and events carry its words, its keys and the second at which they were said."""

    async def speaks(around: Surroundings) -> None:
        await asyncio.sleep(5)
        around.note("retry", "MP-1", "MP-1", team="finance", quantity=2, detail="why")
        around.event("order.captured", "MP-1", "MP-1")
        await asyncio.Event().wait()

    trip = Trip(speaks)
    trip.run()
    noted = trip.rows("note", "time", "operation", "document", "key", "correlation", "quantity", "document_id")
    assert noted == [(5_000_000, "retry", "finance", "MP-1", "MP-1", 2, "why")]
    assert trip.rows("event", "partner", "operation", "key") == [("integration", "order.captured", "MP-1")]
