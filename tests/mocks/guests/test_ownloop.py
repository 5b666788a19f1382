"""A program of synchronous code that begins a loop has the run's, by whatever name it begins it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from seatrial.mocks.guests.ownloop import ENDS
from seatrial.mocks.guests.sea import Sea
from seatrial.sim.fences import LeftVirtualTime
from seatrial.voyage import Run

Sail = Callable[..., Run]
Work = Callable[[], Coroutine[Any, Any, str]]


def test_a_program_that_begins_its_loop_has_the_runs(sail: Sail) -> None:
    """`main` of a console script calls `asyncio.run`: what it runs is the integration."""
    seen: list[Any] = []

    async def work() -> str:
        async with asyncio.timeout(5):
            await asyncio.sleep(2)
        seen.append(time.monotonic())
        return "done"

    def main(_: Sea) -> None:
        seen.append(asyncio.run(work()))
        asyncio.run(asyncio.sleep(1e9))

    assert sail(main).failure == ""
    assert seen == [2.0, "done"]


@pytest.mark.parametrize("line", ["from asyncio import run; run(work())", "import anyio; anyio.run(work)"])
def test_a_loop_is_begun_by_other_names_too(sail: Sail, tmp_path: Path, line: str) -> None:
    """Imported by its name before the run, or by anyio."""
    file = tmp_path / "begins_its_loop.py"
    library, call = line.split("; ")
    file.write_text(
        f"import asyncio, time\n{library}\n"
        "async def work():\n    await asyncio.sleep(2)\n    assert time.monotonic() == 2.0\n"
        f"def main():\n    {call}\n    time.sleep(1e9)\n"
    )
    assert sail(f"{file}:main").failure == ""


def test_what_a_program_begins_has_its_context_and_may_end_it(sail: Sail) -> None:
    """`asyncio.run` copies the context of its caller, and what it runs may call `sys.exit`."""
    number: ContextVar[int] = ContextVar("number", default=0)
    seen: list[int] = []

    async def work(leaves: bool) -> None:
        seen.append(number.get())
        number.set(2)
        if leaves:
            sys.exit(3)

    def main(_: Sea) -> None:
        number.set(1)
        asyncio.run(work(False))
        seen.append(number.get())
        asyncio.run(work(True))

    assert sail(main).failure.startswith("Exited('sys.exit(3)') at ")
    assert seen == [1, 1, 1]


def by_runner(work: Work) -> str:
    """As a program that runs several things in one loop does."""
    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(1))
        return runner.run(work())


def by_own_loop(work: Work) -> str:
    """As programs did before there was `asyncio.run`."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(asyncio.sleep(1))
        return loop.run_until_complete(loop.create_task(work()))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)


def by_loop_that_is_there(work: Work) -> str:
    """As one did that took what it was given."""
    loop = asyncio.get_event_loop()
    return loop.run_until_complete(asyncio.gather(asyncio.sleep(1), work()))[1]


@pytest.mark.parametrize("begin", [by_runner, by_own_loop, by_loop_that_is_there])
def test_every_way_to_begin_a_loop_leads_to_the_runs(sail: Sail, begin: Callable[[Work], str]) -> None:
    """One after the other or beside each other as in a loop of its own, and what it closes stays open."""
    seen: list[Any] = []

    async def work() -> str:
        await asyncio.sleep(2)
        return "done"

    def main(_: Sea) -> None:
        seen.append((begin(work), time.monotonic()))
        asyncio.run(asyncio.sleep(1e9))

    assert sail(main).failure == ""
    assert seen == [("done", 2.0 if begin is by_loop_that_is_there else 3.0)]


def test_a_loop_that_runs_forever_runs_as_long_as_the_life(sail: Sail) -> None:
    """What it was given before goes on; nothing comes after it."""
    seen: list[float] = []

    async def poll() -> None:
        while True:
            await asyncio.sleep(5)
            seen.append(time.monotonic())

    def main(_: Sea) -> None:
        loop = asyncio.new_event_loop()
        work = loop.create_task(poll())
        loop.run_forever()
        seen.append(float(work.done()))

    assert sail(main).failure == ""
    assert seen[:3] == [5.0, 10.0, 15.0]
    assert 0.0 not in seen
    assert 1.0 not in seen


def test_what_a_runner_runs_has_one_context(sail: Sail) -> None:
    """Its own, or one that it is given."""
    number: ContextVar[int] = ContextVar("number", default=0)
    seen: list[int] = []

    async def work() -> None:
        seen.append(number.get())
        number.set(number.get() + 1)

    def main(_: Sea) -> None:
        with asyncio.Runner() as runner:
            runner.run(work())
            runner.run(work())
        seen.append(number.get())
        time.sleep(1e9)

    assert sail(main).failure == ""
    assert seen == [0, 1, 0]


def test_who_stops_the_loop_of_the_run_is_told(sail: Sail) -> None:
    """It would end the run, which was told as an error that nobody foresaw."""

    async def main(_: Sea) -> None:
        await asyncio.sleep(1)
        asyncio.get_running_loop().stop()

    with pytest.raises(LeftVirtualTime, match=r"loop\.stop leaves virtual time") as caught:
        sail(main)
    assert ENDS in str(caught.value)
