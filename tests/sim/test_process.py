"""Laws of the integration's process: what a crash takes, what a restart finds, who hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import polars as pl
import pytest
from simpy import Environment

from seatrial.sim.deadlock import Deadlock
from seatrial.sim.errors import Refused
from seatrial.sim.evidence import Evidence
from seatrial.sim.integration import Integration
from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.notice import Notice
from seatrial.sim.process import Incarnation, Process
from seatrial.sim.store import LifetimeStore, MemoryStore, Write
from seatrial.sim.waits import after, pause

T = TypeVar("T")


class Seen(msgspec.Struct, frozen=True):
    """A record of the store."""

    at: float


class Sailor:
    """An integration whose work and whose answer to webhooks are given; one object for each life."""

    def __init__(self, life: Incarnation, store: MemoryStore, work: Callable[[Sailor], Awaitable[None]]) -> None:
        self.life = life
        self.store = LifetimeStore(store, lambda: life.alive)
        self.work = work
        self.notices: list[Notice] = []

    async def run(self) -> None:
        await self.work(self)

    async def receive(self, notice: Notice) -> None:
        self.notices.append(notice)
        if notice.event == "bad":
            raise Refused("no")
        if notice.event == "slow":
            await asyncio.sleep(60)


class Ship:
    """A process on a virtual loop, with every life that it had."""

    def __init__(self, work: Callable[[Sailor], Awaitable[None]]) -> None:
        self.work = work
        self.store = MemoryStore()
        self.env = Environment()
        self.evidence = Evidence(lambda: self.env.now)
        self.lives: list[Sailor] = []

    def launch(self, life: Incarnation) -> Integration:
        self.lives.append(Sailor(life, self.store, self.work))
        return self.lives[-1]

    def sail(self, captain: Callable[[Process], Awaitable[T]]) -> T:
        """Start the process, and do what the captain does."""

        async def main() -> T:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            process = Process(loop, self.evidence, self.launch)
            process.start()
            return await captain(process)

        return run_virtual(main(), env=self.env)

    def notes(self) -> list[tuple[float, str]]:
        rows = self.evidence.frame().filter(pl.col("kind") == "note").select("time", "operation").rows()
        return [(time / 1e6, name) for time, name in rows]


def notice(event: str = "good") -> Notice:
    return Notice("shop-E1", event, "shop", "SF-1", "SF-1", 0.0, 1, Seen(0.0))


async def forever(sailor: Sailor) -> None:
    await asyncio.Event().wait()


def test_a_crash_ends_every_task_of_the_process() -> None:
    """Tasks, tasks of tasks and handlers of webhooks end at the moment of the crash; the harness goes on."""
    ended: list[tuple[str, float]] = []

    async def linger(name: str) -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append((name, asyncio.get_running_loop().time()))

    async def work(sailor: Sailor) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(linger("child"))
            await linger("parent")

    async def captain(process: Process) -> None:
        await pause(ship.env, 10)
        process.deliver(notice("slow"), lambda _: None)
        process.stop()
        await asyncio.sleep(5)

    ship = Ship(work)
    ship.sail(captain)
    assert sorted(ended) == [("child", 10.0), ("parent", 10.0)]


def test_a_restart_comes_when_it_was_announced() -> None:
    """The process is down for exactly the time given, says when it died and when it is back, and dies only once."""

    async def captain(process: Process) -> list[bool]:
        await pause(ship.env, 10)
        process.crash(5.0)
        ups = [process.up]
        for wait in (4.0, 2.0):
            await pause(ship.env, wait)
            ups.append(process.up)
        return ups

    ship = Ship(forever)
    assert ship.sail(captain) == [False, False, True]
    assert ship.notes() == [(10.0, "crash"), (15.0, "restart")]
    assert len(ship.lives) == 2


def test_a_second_blow_does_not_kill_the_dead() -> None:
    """Calls that were under way and crash the process they came from do nothing once it is dead."""

    async def captain(process: Process) -> None:
        first = ship.lives[0].life
        first.crash(5.0)
        first.crash(1.0)
        await pause(ship.env, 20)
        first.crash(1.0)
        assert process.up

    ship = Ship(forever)
    ship.sail(captain)
    assert ship.notes() == [(0.0, "crash"), (5.0, "restart")]


def test_the_dead_do_not_rise_twice() -> None:
    """A crash that meets nobody alive starts no life of its own: two lives at once would do all work twice."""
    ship = Ship(lambda _: asyncio.sleep(1000))

    async def captain(process: Process) -> None:
        process.crash(10.0)
        process.crash(10.0)
        await pause(ship.env, 5.0)
        process.crash(1.0)
        await pause(ship.env, 100.0)

    ship.sail(captain)
    assert len(ship.lives) == 2
    assert [sailor.life.alive for sailor in ship.lives].count(True) <= 1


def test_a_new_life_finds_what_was_durable_and_nothing_else() -> None:
    """What was committed before the crash is there; what was only in memory, or came later, is not."""
    found: list[tuple[int, list[str]]] = []

    async def work(sailor: Sailor) -> None:
        found.append((len(sailor.notices), [key for key, _ in await sailor.store.scan("seen")]))
        await sailor.store.commit(Write("seen", f"before-{len(ship.lives)}", Seen(0.0)))
        try:
            await asyncio.sleep(1000)
        finally:
            await sailor.store.commit(Write("seen", "after", Seen(0.0)))

    async def captain(process: Process) -> None:
        await pause(ship.env, 1)
        process.deliver(notice(), lambda _: None)
        process.crash(1.0)
        await pause(ship.env, 10)

    ship = Ship(work)
    ship.sail(captain)
    assert found == [(0, []), (0, ["before-1"])]


def test_an_integration_that_is_cancelled_by_itself_has_died() -> None:
    """Neither a crash nor the end of the voyage did that: it is kept and noted like an error."""

    async def work(sailor: Sailor) -> None:
        await asyncio.sleep(3)
        raise asyncio.CancelledError

    async def captain(process: Process) -> BaseException | None:
        await pause(ship.env, 10)
        assert not process.up
        return process.failure

    ship = Ship(work)
    assert isinstance(ship.sail(captain), asyncio.CancelledError)
    assert ship.notes() == [(3.0, "crash")]


def test_a_voyage_that_is_cut_short_is_nobodys_death() -> None:
    """Whatever ends it cancels the integration as well; that is no crash in the evidence."""

    async def captain(process: Process) -> None:
        await asyncio.Event().wait()

    ship = Ship(forever)
    with pytest.raises(Deadlock):
        ship.sail(captain)
    assert ship.notes() == []


def test_an_integration_that_fails_is_recorded_and_the_harness_goes_on() -> None:
    """An error that leaves `run` is kept, noted once, and leaves the process down."""

    async def work(sailor: Sailor) -> None:
        await asyncio.sleep(7)
        raise ValueError("on the rocks")

    async def captain(process: Process) -> tuple[bool, str]:
        await pause(ship.env, 100)
        return process.up, repr(process.failure)

    ship = Ship(work)
    assert ship.sail(captain) == (False, "ValueError('on the rocks')")
    assert ship.notes() == [(7.0, "crash")]


def test_an_integration_that_returns_is_down() -> None:
    """To come back from `run` is to stop listening; it is no error."""

    async def work(sailor: Sailor) -> None:
        await asyncio.sleep(7)

    async def captain(process: Process) -> tuple[bool, object]:
        await pause(ship.env, 100)
        return process.up, process.failure

    ship = Ship(work)
    assert ship.sail(captain) == (False, None)
    assert ship.notes() == [(7.0, "crash")]


def test_a_stop_at_the_end_is_no_crash() -> None:
    """When the run ends the process is stopped without a note and without a failure."""

    async def captain(process: Process) -> object:
        process.stop()
        await asyncio.sleep(1)
        return process.failure

    ship = Ship(forever)
    assert ship.sail(captain) is None
    assert ship.notes() == []


def test_a_webhook_is_answered_when_its_handler_is_done() -> None:
    """Returning is the 2xx, an exception is the error, and a crash in between is no answer at all."""
    answers: list[tuple[float, str]] = []

    async def captain(process: Process) -> None:
        def finished(error: BaseException | None) -> None:
            answers.append((ship.env.now, type(error).__name__))

        for event in ("good", "bad", "slow"):
            process.deliver(notice(event), finished)
        await pause(ship.env, 100)
        process.deliver(notice("slow"), finished)
        after(ship.env, 10.0, process.crash, 1000.0)
        await pause(ship.env, 100)

    ship = Ship(forever)
    ship.sail(captain)
    assert answers == [(0.0, "NoneType"), (0.0, "Refused"), (60.0, "NoneType"), (110.0, "CancelledError")]
