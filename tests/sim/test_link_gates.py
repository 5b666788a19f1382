"""Laws of a partner's gates as a caller meets them: sign-in, rate limits, queues for a free slot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import polars as pl
import pytest

from seatrial.sim.assortment import Assortment
from seatrial.sim.call import Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import CallError, Rejected
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Fate, Twice
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.latency import Constant
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.loop import run_virtual
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.policies.auth import Bearer
from seatrial.sim.policies.limiter import Concurrency, TokenBucket
from seatrial.sim.process import Incarnation
from seatrial.sim.quantities import PerSecond, Seconds
from seatrial.sim.waits import pause
from seatrial.sim.world import World

TRIP, SERVICE = 0.5, 4.0
ONE_AT_A_TIME = Concurrency(1, queue=2, service=Seconds(SERVICE))


class Entered(msgspec.Struct, frozen=True):
    """A reply."""


class Enter(Request[Entered], frozen=True):
    """A write."""

    order_no: str


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


class Again(Fault, frozen=True):
    """A copy of every call."""

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return Twice(1.0)


class Strait:
    """A partner with gates behind its link."""

    def __init__(self, conduct: Conduct, *rules: Rule) -> None:
        start, goods = datetime(2011, 12, 1, tzinfo=UTC), Assortment("GBP", {})
        self.world = World(3, start, goods, lambda env: Evidence(lambda: env.now))
        conduct = msgspec.structs.replace(conduct, latency=Constant(Seconds(TRIP)))
        self.ledger = Ledger("erp", self.world.ground, conduct)
        self.ledger.worked = []
        self.world.fear(rules)
        self.client = LinkClient(Link(self.ledger), Incarnation(lambda down_for: None))

    async def ask(self, key: str, timeout: float = 30.0) -> tuple[str, float]:
        """How a call ends, and the second at which it does."""
        try:
            await self.client.call(Enter(key), timeout=timeout)
        except CallError as error:
            return error.outcome, self.world.env.now
        return "ok", self.world.env.now

    def run(self, main: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await main()
            await pause(self.world.env, 1000.0)  # whatever still is on its way arrives

        run_virtual(whole(), env=self.world.env)

    def outcomes(self) -> list[tuple[object, ...]]:
        rows = self.world.evidence.frame().filter((pl.col("kind") == "call") & (pl.col("operation") == "enter"))
        return rows.select("outcome", "status").rows()


def test_who_queues_waits_for_his_slot() -> None:
    """Calls that come together are served one after the other; who finds the queue full is turned away at once."""
    strait = Strait(Conduct(limits={"enter": ONE_AT_A_TIME}))

    async def main() -> None:
        seen = await asyncio.gather(*(strait.ask(f"MP-{n}") for n in range(4)))
        assert seen == [("ok", TRIP), ("ok", TRIP + SERVICE), ("ok", TRIP + 2 * SERVICE), ("rejected", TRIP)]

    strait.run(main)
    way = TRIP / 2
    assert strait.ledger.worked == [(way, "MP-0"), (way + SERVICE, "MP-1"), (way + 2 * SERVICE, "MP-2")]
    assert sorted(strait.outcomes()) == [("ok", 200)] * 3 + [("rejected", 429)]


def test_who_will_not_queue_so_long_times_out_and_is_served_all_the_same() -> None:
    """The caller is gone at his deadline; his request stays in the queue and is worked on in its turn."""
    strait = Strait(Conduct(limits={"enter": ONE_AT_A_TIME}))

    async def main() -> None:
        seen = await asyncio.gather(strait.ask("MP-0"), strait.ask("MP-1", timeout=2.0))
        assert seen == [("ok", TRIP), ("timed_out", 2.0)]

    strait.run(main)
    assert strait.ledger.worked == [(TRIP / 2, "MP-0"), (TRIP / 2 + SERVICE, "MP-1")]


def test_who_is_cancelled_in_the_queue_is_served_all_the_same() -> None:
    """A request that has arrived cannot be called back, also where it still waits for its slot."""
    strait = Strait(Conduct(limits={"enter": ONE_AT_A_TIME}))

    async def main() -> None:
        tasks = [asyncio.create_task(strait.ask(f"MP-{n}")) for n in range(2)]
        await pause(strait.world.env, 2.0)
        tasks[1].cancel()
        await asyncio.wait(tasks)

    strait.run(main)
    assert strait.ledger.worked == [(TRIP / 2, "MP-0"), (TRIP / 2 + SERVICE, "MP-1")]


@pytest.mark.parametrize("late", [False, True])
def test_a_request_that_nobody_waits_for_queues_like_any_other(late: bool) -> None:
    """A copy of a call and a call whose caller was gone before it arrived take their turn at the partner."""
    strait = Strait(Conduct(limits={"enter": ONE_AT_A_TIME}), *(() if late else (Rule("again", Again()),)))

    async def main() -> None:
        calls = [strait.ask("MP-0")] + ([strait.ask("MP-0", timeout=0.125)] if late else [])
        await asyncio.gather(*calls)

    strait.run(main)
    assert strait.ledger.worked == [(TRIP / 2, "MP-0"), (TRIP / 2 + SERVICE, "MP-0")]


def test_who_is_turned_away_has_done_nothing() -> None:
    """A call over the limit never reaches the partner's books, and is told when to come again."""
    strait = Strait(Conduct(limits={"*": TokenBucket(PerSecond(0.125), 2)}))

    async def main() -> None:
        for _ in range(2):
            await strait.client.call(Enter("MP-1"))
        with pytest.raises(Rejected) as caught:
            await strait.client.call(Enter("MP-1"))
        assert (caught.value.status, caught.value.code) == (429, "rate_limited")
        assert caught.value.retry_after is not None
        await pause(strait.world.env, caught.value.retry_after)
        await strait.client.call(Enter("MP-1"))

    strait.run(main)
    assert len(strait.ledger.worked) == 3
    assert strait.outcomes() == [("ok", 200), ("ok", 200), ("rejected", 429), ("ok", 200)]


def test_one_shared_limit_counts_all_operations() -> None:
    """Operations without a limit of their own draw on one and the same bucket."""
    strait = Strait(Conduct(limits={"*": TokenBucket(PerSecond(0.001), 2)}))

    async def main() -> None:
        await strait.client.sign_in()
        assert (await strait.ask("MP-1"))[0] == "ok"
        assert (await strait.ask("MP-2"))[0] == "rejected"

    strait.run(main)


def test_a_token_holds_for_its_lifetime() -> None:
    """Then calls are refused, without work done, until the client signs in anew; signing in needs no token."""
    strait = Strait(Conduct(auth=Bearer(Seconds(60))))

    async def main() -> None:
        assert (await strait.ask("MP-1"))[0] == "ok"
        await pause(strait.world.env, 60.0)
        assert (await strait.ask("MP-2"))[0] == "rejected"
        await strait.client.sign_in()
        assert (await strait.ask("MP-3"))[0] == "ok"

    strait.run(main)
    assert [key for _, key in strait.ledger.worked] == ["MP-1", "MP-3"]
    assert strait.outcomes() == [("ok", 200), ("rejected", 401), ("ok", 200)]
