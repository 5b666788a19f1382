"""What asyncio expects of any event loop: running, closing, tasks, generators, mishaps, debug mode, gc."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from _thread import interrupt_main
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
import simpy

from seatrial.sim.deadlock import Deadlock
from seatrial.sim.handles import NumberedTask
from seatrial.sim.loop import GC_THRESHOLDS, VirtualLoop, relaxed_gc, run_virtual
from seatrial.sim.waits import pause


def test_a_loop_runs_under_the_standard_runner() -> None:
    """asyncio.Runner drives it, run after run, with context and debug mode, and cancels what is left."""
    left: list[str] = []
    tracked: list[int] = []
    hooks = (sys.get_asyncgen_hooks(), sys.get_coroutine_origin_tracking_depth())
    order: ContextVar[int] = ContextVar("order", default=0)

    async def background() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            left.append("cancelled")

    async def main() -> int:
        asyncio.get_running_loop().create_task(background())
        tracked.append(sys.get_coroutine_origin_tracking_depth())
        await asyncio.sleep(5)
        return order.get()

    context = copy_context()
    context.run(order.set, 7)
    with asyncio.Runner(loop_factory=VirtualLoop, debug=True) as runner:
        assert runner.run(main(), context=context) == 7
        assert runner.run(main()) == 0
        assert runner.get_loop().time() == 10
        assert runner.get_loop().get_debug()
        assert tracked == [10, 10]
        assert left == []
    assert left == ["cancelled", "cancelled"]
    assert (sys.get_asyncgen_hooks(), sys.get_coroutine_origin_tracking_depth()) == hooks


def test_a_hidden_task_is_in_no_list_and_is_ended_with_the_others() -> None:
    """Nobody finds it while the loop runs; where an error ends the run, its cleaning up does."""
    seen: list[object] = []

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert isinstance(loop, VirtualLoop)
        assert task is not None
        loop.hide(task)
        seen.append(asyncio.all_tasks())
        try:
            await loop.create_future()
        except asyncio.CancelledError:
            seen.append("cancelled")

    with pytest.raises(Deadlock):
        run_virtual(main())
    assert seen == [set(), "cancelled"]


def test_a_stopped_loop_runs_what_was_ready_and_goes_on_later() -> None:
    """`stop` ends the run after the callbacks that are ready; two stops end one run, not the next."""
    loop, seen = VirtualLoop(), list[str]()

    def forever() -> None:
        loop.call_soon(forever)

    loop.call_soon(seen.append, "before")
    loop.call_soon(loop.stop)
    loop.call_soon(loop.stop)
    loop.call_soon(seen.append, "same moment")
    loop.call_soon(forever)
    loop.run_forever()
    assert seen == ["before", "same moment"]
    loop.call_soon(loop.call_soon, loop.stop)
    loop.call_soon(loop.call_soon, seen.append, "again")
    loop.run_forever()
    assert seen == ["before", "same moment", "again"]
    loop.close()


def test_an_error_between_stop_and_its_turn_does_not_stop_the_next_run() -> None:
    """A stop that was overtaken by an exception is forgotten."""
    loop = VirtualLoop()

    def interrupt() -> None:
        loop.stop()
        raise KeyboardInterrupt

    loop.call_soon(interrupt)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    assert loop.run_until_complete(asyncio.sleep(1, "on")) == "on"
    loop.close()


def test_run_until_complete_takes_futures_and_says_when_it_was_stopped() -> None:
    """A future of the loop is as good as a coroutine; a loop stopped before the result says so."""
    loop = VirtualLoop()
    future = loop.create_future()
    loop.call_later(3, future.set_result, "landed")
    assert loop.run_until_complete(future) == "landed"
    loop.call_later(1, loop.stop)
    task = loop.create_task(asyncio.sleep(9))
    with pytest.raises(RuntimeError, match="stopped before"):
        loop.run_until_complete(task)
    loop.run_until_complete(task)
    assert loop.time() == 12
    loop.close()


def test_a_closed_loop_takes_nothing() -> None:
    """After `close` every way to schedule raises RuntimeError; closing twice is fine, closing while running is not."""
    loop = VirtualLoop()

    async def close() -> None:
        loop.close()

    with pytest.raises(RuntimeError, match="running"):
        loop.run_until_complete(close())
    loop.close()
    loop.close()
    assert loop.is_closed()
    coroutine = asyncio.sleep(0)
    ways: list[Callable[[], object]] = [
        lambda: loop.call_soon(print),
        lambda: loop.call_soon_threadsafe(print),
        lambda: loop.call_later(1, print),
        lambda: loop.call_at(1, print),
        lambda: loop.create_task(coroutine),
        loop.run_forever,
    ]
    for way in ways:
        with pytest.raises(RuntimeError, match="closed"):
            way()
    coroutine.close()


def test_loops_do_not_run_inside_each_other() -> None:
    """A running loop cannot be started again, nor another one inside it."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match="already running"):
            asyncio.get_running_loop().run_forever()
        other = VirtualLoop()
        with pytest.raises(RuntimeError, match="another loop"):
            other.run_forever()
        other.close()

    run_virtual(main())


def test_a_callback_that_fails_is_reported_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """Errors of callbacks and timers reach the exception handler, or the log of asyncio; nothing else stops."""
    reports: list[dict[str, Any]] = []

    async def fail_twice() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(int, "soon")
        loop.call_later(1, int, "later")
        await asyncio.sleep(2)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, report: reports.append(report))
        assert loop.get_exception_handler() is not None
        await fail_twice()
        loop.set_exception_handler(lambda _, report: 1 // 0)
        await fail_twice()
        loop.set_exception_handler(None)
        await fail_twice()

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        run_virtual(main())
    assert [type(report["exception"]) for report in reports] == [ValueError, ValueError]
    assert all("Exception in callback" in report["message"] for report in reports)
    told = [record.getMessage() for record in caplog.records]
    assert len([line for line in told if line.startswith("Exception in callback")]) == 4
    assert told.count("Unhandled error in exception handler") == 2


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_the_loop_at_once(stop: type[BaseException], caplog: pytest.LogCaptureFixture) -> None:
    """KeyboardInterrupt and SystemExit are nobody's mishap: they end the run, from a callback, a timer or a task."""

    def leave() -> None:
        raise stop

    async def main() -> None:
        leave()

    for delay in (0, 1):
        loop = VirtualLoop()
        _ = loop.call_later(delay, leave) if delay else loop.call_soon(leave)
        with pytest.raises(stop):
            loop.run_forever()
        loop.close()
        loop = VirtualLoop()
        with pytest.raises(stop):
            loop.run_until_complete(main())
        loop.close()
    gc.collect()
    assert caplog.records == []  # nothing was left unretrieved


def test_ctrl_c_lets_the_main_task_clean_up() -> None:
    """The first interrupt of the user cancels the main task; the run ends as KeyboardInterrupt, the clock stands."""
    env, seen = simpy.Environment(), list[float]()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(5, interrupt_main)  # as if from outside: a run may send itself no signal
        try:
            await pause(env, 1_000)
        finally:
            seen.append(loop.time())

    with pytest.raises(KeyboardInterrupt):
        run_virtual(main(), env=env)
    assert seen == [5]
    assert env.now == 5


def test_an_error_ends_the_run_whoever_goes_on() -> None:
    """Tasks that are left may wind up in the moment of the error; one that swallows its end does not keep the run."""
    env, closed = simpy.Environment(), list[float]()

    async def pump() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(1)

    async def guard() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            closed.append(env.now)

    async def main() -> None:
        tasks = [asyncio.create_task(pump()), asyncio.create_task(guard())]
        await asyncio.sleep(5)
        raise ValueError(f"{len(tasks)} are left")

    with pytest.raises(ValueError, match="2 are left"):
        run_virtual(main(), env=env)
    assert closed == [5]
    assert env.now == 5


def test_generators_left_open_are_closed_at_the_end_the_oldest_first() -> None:
    """What a run leaves half iterated is closed in the order of first use; an error in one is reported."""
    closed: list[int] = []
    kept: list[AsyncGenerator[int, None]] = []
    reports: list[str] = []

    async def tide(number: int) -> AsyncGenerator[int, None]:
        try:
            yield number
        finally:
            closed.append(number)
            if number == 3:
                raise ValueError("neap")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(str(report["exception"])))
        kept.extend(tide(number) for number in range(20))
        for generator in kept:
            await anext(generator)

    run_virtual(main())
    assert closed == list(range(20))
    assert reports == ["neap"]


def test_a_task_factory_makes_the_tasks() -> None:
    """A factory that is set gets the coroutine, and the name that was asked for; without one the loop numbers them."""
    made: list[str] = []

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(coro.__qualname__)
        return asyncio.Task(coro, loop=loop, **options)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert loop.get_task_factory() is None
        first, named = loop.create_task(asyncio.sleep(1)), loop.create_task(asyncio.sleep(1), name="dock")
        assert [type(first), first.get_name(), named.get_name()] == [NumberedTask, "Task-2", "dock"]
        loop.set_task_factory(factory)
        task = loop.create_task(asyncio.sleep(1), name="gate", context=copy_context())
        assert (type(task), task.get_name(), made) == (asyncio.Task, "gate", ["sleep"])
        await asyncio.gather(first, named, task)

    run_virtual(main())


def test_gc_is_relaxed_for_a_run_only() -> None:
    """The thresholds are raised inside and restored after, also after an error."""
    before = gc.get_threshold()

    def run() -> None:
        with relaxed_gc():
            assert gc.get_threshold() == GC_THRESHOLDS
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert gc.get_threshold() == before
