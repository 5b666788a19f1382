"""SimPy processes and asyncio tasks on one time line."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
import simpy
from simpy.events import URGENT

from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.waits import after, pause, process_of, until

Process = Generator[simpy.Event, Any, Any]


def test_ten_thousand_virtual_seconds_cost_one_step() -> None:
    """What a wait costs does not depend on how long it is: one entry on the heap, whatever the delay."""

    async def entries_of(delay: float) -> int:
        await pause(env, delay)
        await asyncio.sleep(delay)
        return next(env._eid)

    entries = []
    for delay in (0.001, 10_000.0):
        env = simpy.Environment()
        entries.append(run_virtual(entries_of(delay), env=env))
        assert env.now == 2 * delay
    assert entries == [2, 2]


def test_the_loop_shows_the_time_of_the_environment() -> None:
    """`loop.time()` is `env.now`, from the initial time on, to the last bit."""
    env = simpy.Environment(initial_time=86_400.5)

    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert loop.time() == env.now == 86_400.5
        await asyncio.sleep(0.1)
        assert loop.time() == env.now
        return loop.time()

    assert run_virtual(main(), env=env) == 86_400.5 + 0.1


def test_tasks_and_processes_queue_for_one_resource() -> None:
    """A picker serves processes and tasks in the order in which they asked."""
    env = simpy.Environment()
    picker, served = simpy.Resource(env, capacity=1), list[tuple[str, float]]()

    def process(name: str, at: float) -> Process:
        yield env.timeout(at)
        with picker.request() as turn:
            yield turn
            yield env.timeout(10)
            served.append((name, env.now))

    async def task(name: str, at: float) -> None:
        await pause(env, at)
        with picker.request() as turn:
            await until(turn)
            await asyncio.sleep(10)
            served.append((name, env.now))

    async def main() -> None:
        env.process(process("process 1", 1))
        env.process(process("process 3", 3))
        async with asyncio.TaskGroup() as group:
            group.create_task(task("task 0", 0))
            group.create_task(task("task 2", 2))
            group.create_task(task("task 4", 4))

    run_virtual(main(), env=env)
    assert served == [("task 0", 10), ("process 1", 20), ("task 2", 30), ("process 3", 40), ("task 4", 50)]


def test_a_store_carries_parcels_between_processes_and_tasks() -> None:
    """What a process puts into a Store a task gets, and the other way round."""
    env = simpy.Environment()
    dock, returns = simpy.Store(env, capacity=1), simpy.Store(env)

    def warehouse() -> Process:
        for parcel in ("P1", "P2"):
            yield env.timeout(5)
            yield dock.put(parcel)
        return (yield returns.get()), env.now

    async def main() -> tuple[list[Any], Any]:
        process = env.process(warehouse())
        parcels = [(await until(dock.get()), env.now), (await until(dock.get()), env.now)]
        await pause(env, 1)
        await until(returns.put("R1"))
        return parcels, await until(process)

    assert run_virtual(main(), env=env) == ([("P1", 5), ("P2", 10)], ("R1", 11))


def test_what_happens_at_one_moment_happens_in_the_order_it_was_scheduled() -> None:
    """At one time and priority, timers, pauses, calls and SimPy timeouts run by number, ready callbacks in between."""
    env, order = simpy.Environment(), list[str]()

    async def task(name: str) -> None:
        await pause(env, 5)
        order.append(name)
        asyncio.get_running_loop().call_soon(order.append, f"soon after {name}")

    def process() -> Process:
        yield env.timeout(5)
        order.append("process")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(5, order.append, "timer")
        tasks = [asyncio.create_task(task("pause 1")), asyncio.create_task(task("pause 2"))]
        await asyncio.sleep(0)
        env.process(process())
        after(env, 5, order.append, "call")
        urgent = env.event()
        urgent._ok, urgent._value = True, None
        urgent.callbacks.append(lambda _: order.append("urgent"))
        env.schedule(urgent, URGENT, 5)
        await asyncio.sleep(6)
        assert all(task.done() for task in tasks)

    run_virtual(main(), env=env)
    assert order == [
        "urgent",
        "timer",
        "pause 1",
        "soon after pause 1",
        "pause 2",
        "soon after pause 2",
        "call",
        "process",
    ]


def test_an_event_that_fails_raises_in_the_task() -> None:
    """A task that awaits an event gets what the event failed with, before or after it was processed."""
    env = simpy.Environment()

    async def main() -> float:
        lost = env.event()
        after(env, 3, lost.fail, ValueError("lost at sea"))
        for _ in range(2):
            with pytest.raises(ValueError, match="lost at sea"):
                await until(lost)
        found = env.timeout(4, "found")
        assert [await until(found), await until(found)] == ["found", "found"]
        return env.now

    assert run_virtual(main(), env=env) == 7


def test_a_failure_nobody_takes_care_of_ends_the_run() -> None:
    """As in SimPy: a failed event without a defuser, or a process that fails, raises out of the loop."""
    env = simpy.Environment()

    def process() -> Process:
        yield env.timeout(2)
        raise ValueError("the dock burns")

    async def main() -> None:
        env.process(process())
        await asyncio.sleep(10)

    with pytest.raises(ValueError, match="the dock burns"):
        run_virtual(main(), env=env)
    assert env.now == 2


def test_a_process_waits_for_tasks() -> None:
    """`process_of` gives a process the result of a task, or what it failed with."""
    env = simpy.Environment()

    async def fetch(fails: bool) -> str:
        await asyncio.sleep(3)
        if fails:
            raise ValueError("no reply")
        return "reply"

    def process(loop: asyncio.AbstractEventLoop) -> Process:
        heard = yield process_of(loop.create_task(fetch(False)))
        try:
            yield process_of(loop.create_task(fetch(True)))
        except ValueError as error:
            return heard, str(error), env.now

    async def main() -> Any:
        return await until(env.process(process(asyncio.get_running_loop())))

    assert run_virtual(main(), env=env) == ("reply", "no reply", 6)


def test_a_task_that_was_called_off_does_not_end_the_run() -> None:
    """The event of a cancelled task raises in a process that waits for it, and is forgotten where nobody does."""
    env, seen = simpy.Environment(), list[type[BaseException]]()

    def process(event: simpy.Event) -> Process:
        try:
            yield event
        except asyncio.CancelledError as error:
            seen.append(type(error))

    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(9))
        process_of(task)
        env.process(process(process_of(task)))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(1)

    run_virtual(main(), env=env)
    assert seen == [asyncio.CancelledError]


def test_a_process_waits_only_for_tasks_of_its_own_time_line() -> None:
    """A future of another loop has no event on this clock."""

    async def main() -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    with pytest.raises(TypeError, match="VirtualLoop"):
        process_of(asyncio.run(main()))


def test_an_environment_with_a_step_of_its_own_keeps_it() -> None:
    """An environment that paces or counts its steps is stepped, not bypassed."""

    class Counting(simpy.Environment):
        steps = 0

        def step(self) -> None:
            self.steps += 1
            super().step()

    env = Counting()

    async def main() -> str:
        off = asyncio.get_running_loop().call_later(50, print)
        off.cancel()
        await pause(env, 1)
        await asyncio.sleep(1)
        return str(await until(env.timeout(1, "late")))

    assert run_virtual(main(), env=env) == "late"
    assert (env.steps, env.now) == (3, 3)


def test_one_environment_serves_several_runs() -> None:
    """A loop that was closed leaves its environment and what is scheduled there to the next."""
    env, arrived = simpy.Environment(), list[float]()
    after(env, 5, lambda: arrived.append(env.now))
    run_virtual(asyncio.sleep(1), env=env)
    assert (env.now, arrived) == (1, [])
    run_virtual(asyncio.sleep(9), env=env)
    assert (env.now, arrived) == (10, [5])
    assert isinstance(VirtualLoop(env).env, simpy.Environment)
