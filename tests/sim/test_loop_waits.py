"""Native waits: as exact as asyncio.sleep under cancellation and timeouts, and nothing is left of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import weakref
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import pytest
import simpy

from seatrial.sim.deadlock import Deadlock
from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.waits import after, pause, until

WAITS: dict[str, Callable[[simpy.Environment, float], Awaitable[object]]] = {
    "pause": pause,
    "until": lambda env, delay: until(env.timeout(delay)),
    "asyncio.sleep": lambda env, delay: asyncio.sleep(delay),  # what the native ones are held against
}
every_wait = pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())


def here() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


@every_wait
def test_a_timeout_cuts_a_native_wait_exactly(wait: Callable[[simpy.Environment, float], Awaitable[object]]) -> None:
    """asyncio.timeout and wait_for end a native wait at their moment, and the task goes on from there."""

    async def main() -> list[float]:
        loop = here()
        moments = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await wait(loop.env, 50)
        moments.append(loop.time())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(wait(loop.env, 50)), 2)
        moments.append(loop.time())
        async with asyncio.timeout(3):
            await wait(loop.env, 1)
        return [*moments, loop.time()]

    assert run_virtual(main()) == [3, 5, 6]


@every_wait
def test_a_cancelled_native_wait_says_why(wait: Callable[[simpy.Environment, float], Awaitable[object]]) -> None:
    """The message of `cancel` arrives; a second cancel before the task runs again adds nothing to the first."""
    seen: list[tuple[float, tuple[object, ...]]] = []

    async def main() -> None:
        loop = here()

        async def stubborn() -> None:
            for _ in range(3):
                try:
                    await wait(loop.env, 10)
                    seen.append((loop.time(), ()))
                except asyncio.CancelledError as cancelled:
                    seen.append((loop.time(), cancelled.args))

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(1)
        assert task.cancel("first")
        await asyncio.sleep(1)
        assert task.cancel("second")
        assert task.cancel("third")
        await task
        assert task.cancelling() == 3

    run_virtual(main())
    assert seen == [(1, ("first",)), (2, ("second",)), (12, ())]


@every_wait
def test_an_uncancelled_wait_is_still_interrupted(
    wait: Callable[[simpy.Environment, float], Awaitable[object]],
) -> None:
    """A cancel that reached the wait is delivered even if `uncancel` follows, as with a future."""

    async def main() -> float:
        loop = here()
        task = asyncio.ensure_future(wait(loop.env, 10))
        await asyncio.sleep(1)
        task.cancel()
        assert isinstance(task, asyncio.Task)
        task.uncancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return loop.time()

    assert run_virtual(main()) == 1


@every_wait
def test_a_native_wait_runs_in_the_context_of_its_task(
    wait: Callable[[simpy.Environment, float], Awaitable[object]],
) -> None:
    """Context variables and the current task are those of the task that waits, also when the wait is cancelled."""
    order: ContextVar[str] = ContextVar("order", default="")

    async def work(name: str) -> tuple[str, str]:
        order.set(name)
        with contextlib.suppress(asyncio.CancelledError):
            await wait(here().env, 5)
        order.set(order.get() + "!")
        await wait(here().env, 1)
        task = asyncio.current_task()
        assert task is not None
        return order.get(), task.get_name()

    async def main() -> list[tuple[str, str]]:
        order.set("canceller")
        tasks = [asyncio.create_task(work(name), name=name) for name in ("A", "B")]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        return await asyncio.gather(*tasks)

    assert run_virtual(main()) == [("A!", "A"), ("B!", "B")]


@every_wait
def test_waits_leave_no_garbage(wait: Callable[[simpy.Environment, float], Awaitable[object]]) -> None:
    """Neither a wait that ended nor one that was cancelled leaves a reference cycle or keeps its task alive."""

    async def main() -> None:
        loop = here()

        async def work() -> None:
            await wait(loop.env, 1)
            await wait(loop.env, 50)

        tasks = [asyncio.create_task(work()) for _ in range(20)]
        await asyncio.sleep(2)
        gone = [weakref.ref(task) for task in tasks]
        while tasks:
            tasks[-1].cancel()
            await asyncio.wait([tasks.pop()])
        await asyncio.sleep(0)
        assert [ref() for ref in gone] == [None] * 20

    gc.collect()
    gc.disable()
    try:
        run_virtual(main())
    finally:
        gc.enable()


async def unmet_deadline(loop: VirtualLoop) -> None:
    async with asyncio.timeout(1_000):
        await pause(loop.env, 0.001)


async def called_off(loop: VirtualLoop) -> None:
    after(loop.env, 1_000, print).cancel()


async def cut_short(loop: VirtualLoop) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            await pause(loop.env, 1_000)


@pytest.mark.parametrize("leave", [unmet_deadline, called_off, cut_short])
def test_what_is_cancelled_does_not_pile_up(leave: Callable[[VirtualLoop], Awaitable[None]]) -> None:
    """However many deadlines are never met, calls called off or pauses cut short, the heap stays small."""

    async def main() -> int:
        longest = 0
        for _ in range(2_000):
            await leave(here())
            longest = max(longest, len(here().env._queue))
        return longest

    assert run_virtual(main()) < 600


class Stepping(simpy.Environment):
    """An environment with a step of its own."""

    def step(self) -> None:
        super().step()


@pytest.mark.parametrize("env", [simpy.Environment(), Stepping()], ids=["simpy", "own step"])
@pytest.mark.parametrize("shuffle", [None, random.Random(1).randrange], ids=["fifo", "drawn"])
def test_the_clock_does_not_visit_what_was_called_off(
    env: simpy.Environment, shuffle: Callable[[int], int] | None
) -> None:
    """A run that ends in a deadlock ends at the last thing that happened, not at a cancelled timer."""

    async def main() -> None:
        loop = here()
        loop.call_later(500, print).cancel()
        after(loop.env, 600, print).cancel()
        await pause(loop.env, 5)
        await asyncio.Event().wait()

    begin = env.now
    with pytest.raises(Deadlock) as caught:
        run_virtual(main(), env=env, shuffle=shuffle)
    assert caught.value.now == begin + 5


@pytest.mark.parametrize("delay", [-0.001, float("nan"), float("-inf")])
def test_a_pause_goes_forward(delay: float) -> None:
    """A negative delay is an error of the caller, not a jump back; nobody calls at no time or never."""

    async def main() -> None:
        with pytest.raises(ValueError, match="takes 0 s or more"):
            await pause(here().env, delay)
        with pytest.raises(ValueError, match="takes 0 s or more"):
            after(here().env, delay, print)

    run_virtual(main())


def test_an_endless_pause_is_a_deadlock_not_the_end_of_time() -> None:
    """Sleeping for ever schedules nothing."""

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await pause(here().env, float("inf"))
        await asyncio.sleep(float("inf"))

    with pytest.raises(Deadlock, match="after 1 s"):
        run_virtual(main())


def test_a_pause_starts_when_it_is_awaited() -> None:
    """Making a pause takes no time; awaiting it does."""

    async def main() -> float:
        waiting = pause(here().env, 5)
        await asyncio.sleep(3)
        await waiting
        return here().time()

    assert run_virtual(main()) == 8
