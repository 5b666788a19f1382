"""Laws of a life: what a process that died can still do, and what its calls still do without it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import polars as pl
import pytest

from seatrial.sim.assortment import Assortment
from seatrial.sim.call import Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Crash, Fate
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.integration import Integration, Surroundings
from seatrial.sim.latency import Constant
from seatrial.sim.notice import Notice
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.quantities import Seconds
from seatrial.sim.store import Write
from seatrial.sim.world import Voyage, World

TRIP, DOWN = 0.5, 8.0


class Entered(msgspec.Struct, frozen=True):
    """A reply."""


class Enter(Request[Entered], frozen=True):
    """A write."""

    order_no: str


class Row(msgspec.Struct, frozen=True):
    """A record."""


class Ledger(Partner):
    """A partner that writes down when it works."""

    kind = "ledger"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    worked: list[tuple[float, str]]

    @operation("POST", "/orders", key="order_no", document="sales_order")
    def enter(self, request: Enter) -> Entered:
        """Enter an order."""
        self.worked.append((self.now, request.order_no))
        return Entered()


class Killing(Fault, frozen=True):
    """The process dies with the call."""

    after_commit: bool = True

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return Crash(DOWN, self.after_commit)


class Stubborn:
    """An integration that remembers durably what is done, and whose tasks go on working while they are cancelled."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in (1, 2):
                tasks.create_task(self.enter(f"MP-{number}"))
            await asyncio.Event().wait()

    async def enter(self, order_no: str) -> None:
        around, client = self.around, self.around.one("ledger")
        try:
            if await around.store.read("done", order_no) is None:
                await client.call(Enter(order_no))
                await around.store.commit(Write("done", order_no, Row()))
        finally:
            await client.call(Enter(f"{order_no}/last-word"))

    async def receive(self, notice: Notice) -> None:
        raise AssertionError("nobody tells anything")


class Trip:
    """A voyage in which the second order kills the process, once."""

    def __init__(self, *, after_commit: bool, at_key: str = "MP-2") -> None:
        start, goods = datetime(2011, 12, 1, tzinfo=UTC), Assortment("GBP", {})
        world = World(3, start, goods, lambda env: Evidence(lambda: env.now))
        self.ledger = Ledger("ledger", world.ground, Conduct(latency=Constant(Seconds(TRIP))))
        self.ledger.worked = []
        world.add(self.ledger)
        world.fear([Rule("killing", Killing(after_commit=after_commit), key=at_key, until=1)])
        world.run(self.make, Voyage(chaos=20.0, calm=20.0))
        self.rows = world.evidence.frame()

    def make(self, around: Surroundings) -> Integration:
        return Stubborn(around)

    def calls(self, since: float, until: float) -> list[tuple[object, ...]]:
        at = pl.col("time") / 1e6
        rows = self.rows.filter((pl.col("kind") == "call") & (at >= since) & (at < until))
        return sorted(rows.select("key", "outcome", "latency", "rule").rows())


@pytest.mark.parametrize("after_commit", [True, False])
def test_calls_under_way_reach_the_partner_without_their_process(after_commit: bool) -> None:
    """The process dies when the second call arrives. The first was on its way too, and is worked on; the second is if
    the crash came after its commit; both are `cancelled` in the log, and it does both again in its next life.
    """
    trip = Trip(after_commit=after_commit)
    way = TRIP / 2
    first = [(way, "MP-1")] + ([(way, "MP-2")] if after_commit else [])
    again = [(way + DOWN + way, f"MP-{number}") for number in (1, 2)]
    assert [row for row in trip.ledger.worked if "/" not in row[1]] == first + again
    micro = int(way * 1e6)
    assert trip.calls(0.0, DOWN) == [("MP-1", "cancelled", micro, ""), ("MP-2", "cancelled", micro, "killing")]


def test_the_dead_make_no_calls() -> None:
    """What a cancelled task still wants to say is neither sent nor logged; the next life's client works."""
    trip = Trip(after_commit=True)
    way = TRIP / 2
    assert not [key for at, key in trip.ledger.worked if "/" in key and at < way + DOWN]
    assert [key for at, key in trip.ledger.worked if "/" in key] == ["MP-1/last-word", "MP-2/last-word"]


def test_what_was_stored_before_the_crash_is_not_done_again() -> None:
    """Death at the last word of the first order: both orders are stored by then, and the next life asks for neither."""
    trip = Trip(after_commit=True, at_key="MP-1/last-word")
    assert [key for _, key in trip.ledger.worked if "/" not in key] == ["MP-1", "MP-2"]
    notes = trip.rows.filter(pl.col("kind") == "note").select("operation").rows()
    assert notes == [("crash",), ("restart",)]
