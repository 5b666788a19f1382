"""Libraries that give work to threads: in virtual time it is done aside, and comes to the same."""

from __future__ import annotations

import asyncio
import gc
import queue
import sqlite3
import threading
import time
import types
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.thread import BrokenThreadPool
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiosqlite
import anyio
import anyio.from_thread
import anyio.to_thread
import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seatrial.mocks.guests import greenlets
from seatrial.mocks.guests.sea import Sea
from seatrial.voyage import Run

Sail = Callable[..., Run]


def test_a_synchronous_endpoint_is_an_endpoint(sail: Sail) -> None:
    """Starlette gives it to a thread pool, and what it calls in the background too: both wait in virtual time."""
    done: list[str] = []

    def main(sea: Sea) -> None:
        def enter() -> None:
            time.sleep(2)
            done.append(f"entered {httpx.get(sea.url('erp') + '/clock', timeout=5).status_code}")

        def hear(_: Request) -> Response:
            time.sleep(0.5)
            done.append("heard")
            return Response(status_code=204, background=BackgroundTask(enter))

        sea.webhooks(Starlette(routes=[Route("/webhooks/{partner}", hear, methods=["POST"])]))

    run = sail(main)
    assert (run.failure, run.mishaps) == ("", ())
    assert set(run.evidence.filter(kind="webhook")["outcome"]) == {"ok"}
    assert done.count("heard") == done.count("entered 200") > 3


def test_a_limiter_of_anyio_limits_what_is_aside(sail: Sail) -> None:
    """Of three functions two are under way at a time, and each can call back into the loop."""
    ended: list[tuple[float, str]] = []

    async def where() -> str:
        await anyio.sleep(0.5)
        return "loop"

    def work() -> None:
        time.sleep(1)
        anyio.from_thread.check_cancelled()
        said = anyio.from_thread.run(where) + anyio.from_thread.run_sync(str, 1)
        ended.append((time.monotonic(), said))

    async def main(_: Sea) -> None:
        limiter = anyio.CapacityLimiter(2)
        async with anyio.create_task_group() as group:
            for _number in range(3):
                group.start_soon(lambda: anyio.to_thread.run_sync(work, limiter=limiter))
        with pytest.raises(RuntimeError):
            anyio.from_thread.run_sync(str, 1)  # this is the loop
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert ended == [(1.5, "loop1"), (1.5, "loop1"), (3.0, "loop1")]


@pytest.mark.parametrize("how", ["asyncio", "anyio", "anyio, abandoned"])
def test_what_a_thread_does_it_does_to_its_end(sail: Sail, how: str) -> None:
    """Whoever gives up waiting does not stop it: what it writes is written, and a repeat of it is a second one."""
    log: list[str] = []

    def work() -> None:
        time.sleep(2)
        log.append(f"done at {time.monotonic():g}")

    async def main(_: Sea) -> None:
        try:
            if how == "asyncio":
                await asyncio.wait_for(asyncio.to_thread(work), 1)
            else:
                with anyio.fail_after(1):
                    await anyio.to_thread.run_sync(work, abandon_on_cancel="abandoned" in how)
        except TimeoutError:
            log.append(f"given up at {time.monotonic():g}")
        await asyncio.sleep(1e9)

    run = sail(main)
    assert (run.failure, run.mishaps) == ("", ())
    assert log == (["done at 2"] if how == "anyio" else ["given up at 1", "done at 2"])


def test_an_executor_has_as_many_workers_as_it_says(sail: Sail) -> None:
    """A pool of one does one thing after the other."""
    ended: list[float] = []

    def work() -> None:
        time.sleep(1)
        ended.append(time.monotonic())

    async def main(_: Sea) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            await asyncio.gather(*(loop.run_in_executor(pool, work) for _ in range(3)))
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert ended == [1.0, 2.0, 3.0]


def test_what_never_began_ends_without_a_word(sail: Sail, recwarn: pytest.WarningsRecorder) -> None:
    """What is cancelled with its life when it was only handed to a thread is forgotten, as with a process."""

    pool = ThreadPoolExecutor(1)
    handed: list[Any] = []

    async def main(_: Sea) -> None:
        asyncio.get_running_loop().run_in_executor(None, print)
        handed.append(pool.submit(print))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert handed[0].cancelled()
    pool.shutdown()
    gc.collect()
    assert [str(each.message) for each in recwarn if issubclass(each.category, RuntimeWarning)] == []


def test_a_pool_begins_with_its_initializer(sail: Sail) -> None:
    """Once, for all workers are one thread, and before anything else; one that fails makes the pool unusable."""
    local, begun = threading.local(), list[float]()

    def begin(name: str) -> None:
        if not name:
            raise ValueError("nameless")
        time.sleep(1)
        local.name = name
        begun.append(time.monotonic())

    def work() -> tuple[str, float]:
        return local.name, time.monotonic()

    def main(_: Sea) -> None:
        with ThreadPoolExecutor(2, initializer=begin, initargs=("fleet",)) as pool:
            assert [pool.submit(work).result() for _ in range(2)] == [("fleet", 1.0)] * 2
        with ThreadPoolExecutor(2, initializer=begin, initargs=("",)) as pool, pytest.raises(BrokenThreadPool):
            pool.submit(work).result()
        time.sleep(1e9)

    assert sail(main).failure == ""
    assert begun == [1.0]


def test_a_function_that_an_eager_task_calls_waits_for_itself(sail: Sail) -> None:
    """It took its first step in the greenlet of another one, which is not the one that it goes on from."""
    seen: list[Any] = []

    def slow() -> None:
        for _ in range(2):
            time.sleep(1)
            seen.append(time.monotonic())

    def main(_: Sea) -> None:
        calling = greenlets.in_greenlet(slow)
        awaited = calling.send(None)  # as an eager task does, from Python 3.12 on

        @types.coroutine
        def rest() -> Generator[Any, Any, None]:
            yield awaited
            yield from calling

        async def task() -> None:
            await rest()

        asyncio.run(task())
        seen.append("done")
        time.sleep(1e9)

    assert sail(main).failure == ""
    assert seen == [1.0, 2.0, "done"]


def test_a_pool_works_for_synchronous_code(sail: Sail) -> None:
    """Two at a time, results and errors to whoever asks for them; the end of its block waits for what is under way."""
    log: list[Any] = []

    def ask(seconds: float) -> float:
        time.sleep(seconds)
        if seconds == 3:
            raise ValueError("three")
        return time.monotonic()

    def main(_: Sea) -> None:
        with ThreadPoolExecutor(2) as pool:
            log.extend(pool.map(ask, [1, 1, 1]))
            first = next(iter(as_completed([pool.submit(ask, 2), pool.submit(ask, 0.5)])))
            log.append(first.result())
            with pytest.raises(FutureTimeout):
                pool.submit(ask, 3).result(timeout=1)
            last = pool.submit(ask, 3)
        log.append((str(last.exception()), time.monotonic()))
        time.sleep(1e9)

    run = sail(main)
    assert (run.failure, run.mishaps) == ("", ())
    assert log == [1.0, 1.0, 2.0, 2.5, ("three", 7.0)]


Orders = queue.Queue[int] | queue.SimpleQueue[int]


@pytest.mark.parametrize("kind", [queue.Queue, queue.SimpleQueue])
def test_synchronous_code_waits_for_one_another(sail: Sail, kind: Callable[[], Orders]) -> None:
    """Events, queues and conditions give up the turn, and keep their timeouts in virtual time."""
    log: list[Any] = []

    def produce(orders: Orders, over: threading.Event) -> None:
        while not over.wait(2):
            orders.put(int(time.monotonic()))

    def consume(orders: Orders, over: threading.Event) -> None:
        log.extend([orders.get(), orders.get(timeout=5)])
        with pytest.raises(queue.Empty):
            orders.get(timeout=1.5)
        log.append(time.monotonic())
        over.set()
        with pytest.raises(queue.Empty):
            orders.get_nowait()
        with pytest.raises(ValueError, match="non-negative"):
            orders.get(timeout=-1)

    async def main(_: Sea) -> None:
        orders, over = kind(), threading.Event()
        await asyncio.gather(asyncio.to_thread(produce, orders, over), asyncio.to_thread(consume, orders, over))
        log.append(time.monotonic())
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert log == [2, 4, 5.5, 5.5]


def test_a_lock_is_waited_for_by_whoever_can_wait(sail: Sail) -> None:
    """Who holds it while it waits goes on meanwhile; a timeout is virtual."""
    log: list[Any] = []
    lock = threading.Lock()

    def refresh(name: str) -> None:
        with lock:
            time.sleep(1)
            log.append((name, round(time.monotonic(), 3)))

    def look() -> None:
        log.append((lock.acquire(timeout=0.25), lock.acquire(blocking=False), round(time.monotonic(), 3)))

    async def main(_: Sea) -> None:
        await asyncio.gather(
            *(asyncio.to_thread(each) for each in (partial(refresh, "a"), partial(refresh, "b"), look))
        )
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert log == [(False, False, 0.25), ("a", 1.0), ("b", 2.0)]
    assert not lock.locked()


def test_a_lock_of_a_thread_of_the_machine_is_not_waited_for_in_virtual_time(sail: Sail) -> None:
    """Such a thread lets go of it in real time: how long that takes in the run's would be chance."""
    over, lock, seen = threading.Event(), threading.Lock(), list[float]()
    thread = threading.Thread(target=over.wait)
    thread.start()

    def acquire(_: object, blocking: bool = True, timeout: float = -1) -> bool:
        return blocking  # it is free as soon as others have their turn

    def main(_: Sea) -> None:
        assert greenlets.seize(acquire)(lock)
        seen.append(time.monotonic())
        time.sleep(1e9)

    try:
        assert sail(main).failure == ""
        assert seen == [0.0]
    finally:
        over.set()
        thread.join()


def test_who_waited_for_a_lock_in_a_run_that_is_over_is_not_told() -> None:
    """Code that swallows its end may leave one behind; the next run that uses the lock goes on."""
    lock = threading.Lock()
    greenlets._seeking[lock] = [asyncio.run(_made_in_loop(greenlets._Waiter))]
    greenlets._seeking[lock][0].told.add_done_callback(print)
    try:
        greenlets.yielding(lambda _: None)(lock)
    finally:
        del greenlets._seeking[lock]


async def _made_in_loop(kind: Callable[[], Any]) -> Any:
    return kind()


def test_a_lock_that_nobody_frees_is_told(sail: Sail) -> None:
    """With its line: synchronous code that waits for itself would stand still without a word."""

    def main(_: Sea) -> None:
        lock = threading.Lock()
        with lock:
            time.sleep(1)
            lock.acquire()

    run = sail(main)
    (told,) = run.mishaps
    assert str(told).startswith("a lock at 30 s: TimeoutError('nobody freed it in 29 s') ")
    assert "test_threadless.py:" in told.place


def test_aiosqlite_needs_no_thread(sail: Sail) -> None:
    """A statement takes a millisecond, errors are its own, a second connection waits for the lock of the first."""
    seen: list[Any] = []

    async def hold(first: aiosqlite.Connection) -> None:
        await first.execute("INSERT INTO orders VALUES (1)")
        await asyncio.sleep(2)
        await first.commit()

    async def main(sea: Sea) -> None:
        file = sea.environment["SEATRIAL_STORE"].removeprefix("sqlite:///")
        async with aiosqlite.connect(file) as first, aiosqlite.connect(file) as second:
            await first.execute("CREATE TABLE orders (number UNIQUE)")
            seen.append(round(time.monotonic(), 6))
            holding = asyncio.create_task(hold(first))
            await asyncio.sleep(1)
            with pytest.raises(sqlite3.IntegrityError):
                await second.execute("INSERT INTO orders VALUES (1)")
            seen.append(round(time.monotonic(), 1))
            await holding
            async with second.execute("SELECT number FROM orders") as rows:
                seen.append([row async for row in rows])
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert seen == [0.003, 2.0, [(1,)]]


class Older(threading.Thread):
    """A connection of aiosqlite 0.21: it is its own thread, and a thing of no meaning tells that to end."""

    def __init__(self) -> None:
        super().__init__()
        self._tx: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def ask(self) -> float:
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((done, time.monotonic))
        return await done

    def end(self) -> None:
        self._tx.put_nowait(object())


def test_an_older_aiosqlite_needs_none_either(sail: Sail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its close tells the thread that is not there to end."""
    monkeypatch.setattr(aiosqlite.core, "Connection", Older)
    seen: list[float] = []

    async def main(_: Sea) -> None:
        older = Older()
        older.start()
        seen.append(await older.ask())
        older.end()
        await asyncio.sleep(1e9)

    run = sail(main)
    assert (run.failure, run.mishaps) == ("", ())
    assert seen == [0.001]


def test_a_connection_that_is_closed_at_the_end_ends(sail: Sail) -> None:
    """What is cancelled within `async with` closes it, and what was not committed is gone; nothing waits for ever."""
    seen: list[Any] = []

    async def main(sea: Sea) -> None:
        file = sea.environment["SEATRIAL_STORE"].removeprefix("sqlite:///")
        async with aiosqlite.connect(file) as database:
            await database.execute("CREATE TABLE IF NOT EXISTS orders (number)")
            async with database.execute("SELECT count(*) FROM orders") as rows:
                seen.append(await rows.fetchone())
            await database.execute("INSERT INTO orders VALUES (1)")
            try:
                async with httpx.AsyncClient(timeout=5) as client:
                    token = {"Authorization": f"Bearer {sea.token('marketplace')}"}
                    await client.get(sea.url("marketplace") + "/changes", headers=token)
                await asyncio.sleep(1e9)
            finally:
                await database.commit()

    crash = "[{fault: integration_crash, at: marketplace.list_changes, times: 1, with: {down_for: 2 s}}]"
    run = sail(main, settings={"faults": crash})
    assert (run.failure, run.mishaps) == ("", ())
    assert seen == [(0,), (0,)]


def test_an_app_begins_when_it_is_given_webhooks(sail: Sail) -> None:
    """As when a server starts it: what its lifespan begins does not wait for the first webhook, nor after a crash."""
    begun: list[float] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        begun.append(time.monotonic())
        polling = asyncio.create_task(poll())
        yield
        polling.cancel()

    async def poll() -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            while True:
                await client.get(urls["marketplace"] + "/changes", headers={"Authorization": f"Bearer {tokens[0]}"})
                await asyncio.sleep(1)

    urls: dict[str, str] = {}
    tokens: list[str] = []

    async def main(sea: Sea) -> None:
        urls.update(sea.urls)
        tokens.append(sea.token("marketplace"))
        sea.webhooks(Starlette(lifespan=lifespan))

    crash = "[{fault: integration_crash, at: marketplace.list_changes, nth: 3, with: {down_for: 2 s}}]"
    run = sail(main, settings={"faults": crash, "demand.channels": "{marketplace: 100 %}"})
    assert run.failure == ""
    assert len(begun) == 2
    assert begun[0] == 0
    assert set(run.evidence.filter(kind="webhook")["operation"]) <= {"return.requested", "cancellation.requested"}


def test_the_lifespan_of_an_app_lasts_as_long_as_the_app(sail: Sail) -> None:
    """It waits for an end that nobody tells of; it is no garbage for that."""
    ended: list[float] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            ended.append(time.monotonic())

    async def main(sea: Sea) -> None:
        sea.webhooks(Starlette(lifespan=lifespan))
        await asyncio.sleep(3)
        gc.collect()
        await asyncio.sleep(1e9)

    run = sail(main)
    assert (run.failure, run.mishaps) == ("", ())
    assert ended == [30.0]


def test_an_app_that_does_not_start_is_dead(sail: Sail) -> None:
    """As a server would be, with the line at which its start failed."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await asyncio.sleep(1)
        raise ValueError("no schema")
        yield

    async def main(sea: Sea) -> None:
        sea.webhooks(Starlette(lifespan=lifespan))
        await asyncio.sleep(1e9)

    run = sail(main)
    assert "ValueError('no schema')" in run.failure
    assert "test_threadless.py:" in run.failure
