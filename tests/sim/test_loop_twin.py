"""What asyncio offers behaves on the virtual loop as on the stock one: each program is played on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest

Log = list[tuple[float, object]]
Note = Callable[[object], None]
Main = Coroutine[Any, Any, None]
Program = Callable[[Note], Main]

PROGRAMS: dict[str, Program] = {}


def program(function: Program) -> Program:
    PROGRAMS[function.__name__] = function
    return function


@program
async def timeout_cuts_a_sleep(note: Note) -> None:
    for limit in (1.0, 3.0):
        scope = asyncio.timeout(limit)
        try:
            async with scope:
                await asyncio.sleep(2)
                note("slept")
        except TimeoutError:
            note("cut")
        note(scope.expired())


@program
async def timeouts_nest_and_move(note: Note) -> None:
    try:
        async with asyncio.timeout(10) as outer:
            try:
                async with asyncio.timeout(2):
                    await asyncio.sleep(5)
            except TimeoutError:
                note("inner")
            outer.reschedule(asyncio.get_running_loop().time() + 1)
            await asyncio.sleep(5)
    except TimeoutError:
        note("outer")


@program
async def a_failing_child_cancels_its_group(note: Note) -> None:
    async def child(delay: float, fails: bool) -> None:
        try:
            await asyncio.sleep(delay)
            if fails:
                raise ValueError("bad water")
            note(("done", delay))
        except asyncio.CancelledError:
            note(("cancelled", delay))
            raise

    try:
        async with asyncio.TaskGroup() as group:
            for delay, fails in ((1, False), (2, True), (3, False), (4, False)):
                group.create_task(child(delay, fails))
    except* ValueError as errors:
        note([str(error) for error in errors.exceptions])


@program
async def gather_keeps_the_order_and_reports_errors(note: Note) -> None:
    async def after(delay: float) -> float:
        await asyncio.sleep(delay)
        if delay == 2:
            raise ValueError(delay)
        return delay

    note(await asyncio.gather(after(3), after(1)))
    note([repr(item) for item in await asyncio.gather(after(3), after(2), return_exceptions=True)])
    with pytest.raises(ValueError, match="2"):
        await asyncio.gather(after(5), after(2))
    note("failed at once")


@program
async def wait_for_and_wait(note: Note) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(9), 4)
    note(await asyncio.wait_for(asyncio.sleep(2, "in time"), 4))
    tasks = [asyncio.create_task(asyncio.sleep(delay)) for delay in (1, 2, 3)]
    done, open_ = await asyncio.wait(tasks, timeout=2.5)
    note((len(done), len(open_)))
    done, open_ = await asyncio.wait(open_, return_when=asyncio.FIRST_COMPLETED)
    note((len(done), len(open_)))
    for soonest in asyncio.as_completed([asyncio.sleep(2, "b"), asyncio.sleep(1, "a")]):
        note(await soonest)


@program
async def a_bounded_queue_paces_its_producer(note: Note) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=2)

    async def produce() -> None:
        for item in range(5):
            await queue.put(item)
            note(("put", item))

    producer = asyncio.create_task(produce())
    for _ in range(5):
        await asyncio.sleep(1)
        note(("got", await queue.get()))
        queue.task_done()
    await asyncio.gather(producer, queue.join())
    note(queue.empty())


@program
async def locks_semaphores_events_and_conditions_hand_over_in_turn(note: Note) -> None:
    lock, two, go, condition = asyncio.Lock(), asyncio.Semaphore(2), asyncio.Event(), asyncio.Condition()

    async def work(name: str) -> None:
        await go.wait()
        async with lock:
            await asyncio.sleep(1)
            note(("lock", name))
        async with two:
            await asyncio.sleep(1.25)
            note(("semaphore", name))
        async with condition:
            condition.notify()
            note(("notified", name))

    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    await asyncio.sleep(1)
    go.set()
    async with condition:
        await condition.wait()
        note("condition")
    await asyncio.gather(*tasks)


@program
async def cancellation_may_be_shielded_refused_and_explained(note: Note) -> None:
    async def stubborn() -> str:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError as cancelled:
            note(cancelled.args)
            await asyncio.sleep(1)
        return "anyway"

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(1)
    note(task.cancel("storm"))
    note(await task)
    inner = asyncio.create_task(asyncio.sleep(3, "kept"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(inner), 1)
    note(await inner)
    unborn = asyncio.create_task(asyncio.sleep(1))
    unborn.cancel()
    note((await asyncio.gather(unborn, return_exceptions=True))[0].__class__)


@program
async def callbacks_run_in_order_and_can_be_called_off(note: Note) -> None:
    loop = asyncio.get_running_loop()
    for delay in (3, 1, 2, 2):
        loop.call_later(delay, note, delay)
    loop.call_at(2.5, note, "at")
    loop.call_at(-1, note, "late")
    loop.call_later(-1, note, "negative")
    off, soon = loop.call_later(1.5, note, "never"), loop.call_soon(note, "never")
    off.cancel()
    soon.cancel()
    note((off.cancelled(), soon.cancelled(), off.when()))
    loop.call_soon(note, "soon")
    await asyncio.sleep(5)


@program
async def generators_close_when_they_are_left(note: Note) -> None:
    async def tide() -> AsyncGenerator[int, None]:
        try:
            for height in range(3):
                await asyncio.sleep(1)
                yield height
        finally:
            await asyncio.sleep(1)
            note("closed")

    async for height in tide():
        note(height)
    left = tide()
    note(await anext(left))
    await left.aclose()
    forgotten = tide()
    note(await anext(forgotten))
    del forgotten
    await asyncio.sleep(2)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_behaves_as_on_the_stock_loop(name: str, both_logs: Callable[[Program], tuple[Log, Log]]) -> None:
    """Every program notes the same things at the same times on the virtual loop and on the standard library's."""
    virtual, stock = both_logs(PROGRAMS[name])
    assert virtual
    assert virtual == stock
