"""Calls at a delay, and tasks that take their first step at once."""

from __future__ import annotations

import asyncio

import pytest
import simpy

from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.waits import after, pause, start


def here() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def test_a_call_is_made_once_with_its_arguments_or_not_at_all() -> None:
    """`after` calls at its moment, also on a bare SimPy environment; a cancelled call is not made."""
    env, made = simpy.Environment(), list[tuple[float, str]]()
    after(env, 2, lambda name: made.append((env.now, name)), "second")
    after(env, 1, lambda name: made.append((env.now, name)), "first")
    after(env, 1.5, lambda name: made.append((env.now, name)), "never").cancel()
    env.run()
    assert made == [(1, "first"), (2, "second")]


def test_a_started_task_has_taken_its_first_step() -> None:
    """`start` runs a coroutine to its first wait, in a context of its own; one that does not wait is done."""
    noted: list[str] = []

    async def handler(name: str, delay: float) -> str:
        task = asyncio.current_task()
        assert task is not None
        noted.append(task.get_name())
        if delay:
            async with asyncio.timeout(delay + 1):
                await pause(here().env, delay)
        return f"{name} at {here().time():g}"

    async def main() -> list[str]:
        me = asyncio.current_task()
        quick = start(here(), handler("quick", 0), name="hook 1")
        assert quick.done()
        slow = start(here(), handler("slow", 2), name="hook 2")
        assert not slow.done()
        assert asyncio.current_task() is me
        assert noted == ["hook 1", "hook 2"]
        return [quick.result(), await slow]

    assert run_virtual(main()) == ["quick at 0", "slow at 2"]


def test_a_started_task_times_out_and_cancels_like_any_other() -> None:
    """A timeout inside the first step hits the handler, never the task that started it; errors stay in its result."""

    async def slow() -> None:
        async with asyncio.timeout(1):
            await asyncio.sleep(9)

    async def fails() -> None:
        raise ValueError("unreadable hook")

    async def main() -> None:
        hit = start(here(), slow())
        with pytest.raises(TimeoutError):
            await hit
        assert isinstance(start(here(), fails()).exception(), ValueError)
        off = start(here(), asyncio.sleep(9))
        off.cancel()
        with pytest.raises(asyncio.CancelledError):
            await off
        assert here().time() == 1

    run_virtual(main())


def test_handlers_start_from_simpy_callbacks_and_from_each_other() -> None:
    """A webhook that arrives by `after` starts its handler at that moment; handlers may start handlers."""
    names: list[tuple[float, str | None]] = []

    def note() -> None:
        task = asyncio.current_task()
        names.append((here().time(), task.get_name() if task else None))

    async def inner() -> None:
        note()

    async def outer() -> None:
        start(here(), inner(), name="inner")
        note()

    def arrive() -> None:
        note()
        start(here(), outer(), name="outer")
        note()

    async def main() -> None:
        after(here().env, 4, arrive)
        await pause(here().env, 5)

    run_virtual(main())
    assert names == [(4, None), (4, "inner"), (4, "outer"), (4, None)]
