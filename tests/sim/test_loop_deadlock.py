"""When nothing is scheduled and somebody still waits, the run ends and says who."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import simpy
from simpy.events import ProcessGenerator

from seatrial.sim.deadlock import SHOWN, Deadlock
from seatrial.sim.errors import HarnessError
from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.waits import pause, until


async def picker(queue: asyncio.Queue[str]) -> None:
    await queue.get()


def line_of(function: object, text: str) -> int:
    lines, first = inspect.getsourcelines(function)  # type: ignore[arg-type]
    return first + next(place for place, line in enumerate(lines) if text in line)


def test_the_report_says_who_waits_and_where() -> None:
    """Each pending task: its name, what it called to wait, the function, file and line of the user's code."""

    async def main() -> None:
        queue: asyncio.Queue[str] = asyncio.Queue()
        task = asyncio.create_task(picker(queue), name="picker 1")
        await pause(asyncio.get_running_loop().env, 12.5)  # type: ignore[attr-defined]
        await asyncio.Event().wait()
        task.cancel()

    with pytest.raises(Deadlock) as caught:
        run_virtual(main())
    here = Path(__file__).relative_to(Path.cwd()) if Path(__file__).is_relative_to(Path.cwd()) else Path(__file__)
    where = f"test_the_report_says_who_waits_and_where.<locals>.main, {here}:{line_of(main, 'Event()')}"
    assert str(caught.value).splitlines() == [
        "nothing is scheduled after 12.5 s, and 2 tasks still wait:",
        f"  picker 1 waits for Queue.get in picker, {here}:{line_of(picker, 'queue.get')}",
        f"  Task-1 waits for Event.wait in {where}",
        "let somebody wake them, or bound the wait with asyncio.timeout",
    ]
    assert isinstance(caught.value, HarnessError)
    assert [task.task for task in caught.value.waiting] == ["picker 1", "Task-1"]


def test_the_place_is_found_through_generators_and_native_waits() -> None:
    """The report names the innermost line of the user's code, however it got there."""
    env = simpy.Environment()

    async def parcels() -> AsyncIterator[str]:
        await until(env.event())  # the dock
        yield "never"

    async def main() -> None:
        async for _ in parcels():
            pass

    with pytest.raises(Deadlock) as caught:
        run_virtual(main(), env=env)
    (waiting,) = caught.value.waiting
    assert waiting.function.endswith("parcels")
    assert waiting.line == line_of(parcels, "the dock")


def test_a_long_report_is_cut_but_complete_in_its_attribute() -> None:
    """The text lists the first tasks and counts the rest."""

    async def main() -> None:
        queue: asyncio.Queue[str] = asyncio.Queue()
        await asyncio.gather(*[picker(queue) for _ in range(100)])

    with pytest.raises(Deadlock, match=f"and {101 - SHOWN} more") as caught:
        run_virtual(main())
    assert len(caught.value.waiting) == 101
    assert len(str(caught.value).splitlines()) == SHOWN + 3


def test_processes_keep_a_run_going() -> None:
    """There is no deadlock while SimPy still has something to do."""
    env = simpy.Environment()
    arrived = env.event()

    def ship() -> ProcessGenerator:
        yield env.timeout(1_000)
        arrived.succeed("at last")

    async def main() -> str:
        env.process(ship())
        return str(await until(arrived))

    assert run_virtual(main(), env=env) == "at last"


def test_a_deadlock_cancels_what_waits() -> None:
    """The tasks that wait are cancelled, in the order they were made, so that they can clean up."""
    closed: list[int] = []

    async def guard(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(number)

    async def main() -> None:
        await asyncio.gather(*[guard(number) for number in range(30)])

    with pytest.raises(Deadlock):
        run_virtual(main())
    assert closed == list(range(30))


def test_who_refuses_to_be_cancelled_does_not_hide_the_deadlock() -> None:
    """The first report is the one that is raised."""

    async def stubborn() -> None:
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    async def main() -> None:
        tasks = [asyncio.create_task(stubborn()) for _ in range(2)]
        await asyncio.Event().wait()
        assert tasks

    with pytest.raises(Deadlock, match="3 tasks"):
        run_virtual(main())


def test_a_loop_that_runs_for_ever_deadlocks_too() -> None:
    """`run_forever` with nothing to do says so instead of blocking."""
    loop = VirtualLoop()
    with pytest.raises(Deadlock, match="0 tasks"):
        loop.run_forever()
    loop.close()
