"""What asyncio expects of any event loop besides a clock: tasks, executors, generators, a place for mishaps."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from functools import partial
from itertools import count
from typing import Any, TypeAlias, TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from seatrial.sim.fences import FencedLoop
from seatrial.sim.handles import NumberedTask

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Report: TypeAlias = dict[str, Any]
"""What asyncio hands to an exception handler."""

_logger = logging.getLogger("asyncio")
_TRACKED_FRAMES = 10


class LoopSurface(FencedLoop):
    """The part of an event loop that has nothing to do with time.

    Executors run inline: a thread would leave virtual time. Callbacks that fail are logged as asyncio does, unless
    an exception handler is set.
    """

    def __init__(self) -> None:
        self._task_number: Callable[[], int] = count(1).__next__
        self._task_factory: Any = None
        self.born: Callable[[asyncio.Task[Any]], object] | None = None  # told of every task that the loop itself makes
        self._exception_handler: Callable[[asyncio.AbstractEventLoop, Report], object] | None = None
        self._generators: WeakKeyDictionary[AsyncGenerator[Any, Any], tuple[int, Context]] = WeakKeyDictionary()
        self._generator_number: Callable[[], int] = count(1).__next__
        self._lanes: WeakKeyDictionary[object, asyncio.Semaphore] = WeakKeyDictionary()
        self._beginnings: WeakKeyDictionary[object, asyncio.Task[object]] = WeakKeyDictionary()
        self._given_up: list[AsyncGenerator[Any, Any]] = []
        self._hidden: list[asyncio.Task[Any]] = []
        self._debug = sys.flags.dev_mode

    # Tasks.

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,
    ) -> asyncio.Task[T]:
        """Start a coroutine as a task; without a name it is called by its number in this loop."""
        if self._task_factory is None:
            number = self._task_number()
            label = f"Task-{number}" if name is None else name
            made: NumberedTask[T] = NumberedTask(number, coro, loop=self, name=label, context=context, **options)
            if self.born is not None:
                self.born(made)
            return made
        if context is not None:
            options["context"] = context
        task: asyncio.Task[T] = self._task_factory(self, coro, **options)
        if name is not None:
            task.set_name(name)
        return task

    def set_task_factory(self, factory: Any) -> None:
        """Let `factory(loop, coro, ...)` make the tasks; None: the loop's own."""
        self._task_factory = factory

    def get_task_factory(self) -> Any:
        """The factory that was set, or None."""
        return self._task_factory

    def hide(self, task: asyncio.Task[Any]) -> None:
        """Keep a task out of `asyncio.all_tasks` while the loop runs: what is in there code of others cancels."""
        self._hidden.append(task)
        asyncio.tasks._unregister_task(task)  # noqa: SLF001 (so asyncio tells a task from one that is forgotten)

    def _show(self) -> None:
        """Have every task in the list again: whoever cleans up after an error has to find it there."""
        while self._hidden:
            asyncio.tasks._register_task(self._hidden.pop())  # noqa: SLF001

    # Executors.

    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run a function in this thread: at once, so that its future is done when this returns, or `aside`.

        What runs aside comes to its end, as a thread would, also where nobody waits for it any more.
        """
        future: asyncio.Future[T] = self.create_future()
        if self.aside is not None:
            work = self._in_lane(executor, partial(self.aside, func, *args))
            self.create_task(work).add_done_callback(partial(_tell, future))
            return future
        try:
            future.set_result(func(*args))
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits the future
            future.set_exception(error)
        return future

    async def _in_lane(self, executor: object, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do it, and no more at a time than an executor that was named has workers."""
        workers = getattr(executor, "_max_workers", None)
        if workers is None:
            return await work()
        async with self._lanes.setdefault(executor, asyncio.Semaphore(workers)):
            await self._begun(executor)
            return await work()

    async def _begun(self, executor: Any) -> None:
        """Do what an executor wants done when a worker begins: once, for all of them are this thread."""
        initializer = getattr(executor, "_initializer", None)
        if initializer is None or self.aside is None:
            return
        beginning = self._beginnings.get(executor)
        if beginning is None or beginning.cancelled():
            beginning = self.create_task(self.aside(initializer, *executor._initargs))  # noqa: SLF001
            self._beginnings[executor] = beginning
        try:
            await asyncio.shield(beginning)
        except Exception as error:
            from concurrent.futures.thread import BrokenThreadPool

            raise BrokenThreadPool("the initializer of a worker failed, the pool is not usable any more") from error

    def set_default_executor(self, executor: object) -> None:
        """Accepted and not used: everything runs inline."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Nothing to shut down."""

    # Async generators.

    @contextmanager
    def _watch_generators(self) -> Iterator[None]:
        """Know the async generators that this loop iterates, so that they can be closed."""
        hooks, depth = sys.get_asyncgen_hooks(), sys.get_coroutine_origin_tracking_depth()
        sys.set_asyncgen_hooks(firstiter=self._note_generator, finalizer=self._close_generator)
        if self._debug:
            sys.set_coroutine_origin_tracking_depth(_TRACKED_FRAMES)
        try:
            yield
        finally:
            sys.set_asyncgen_hooks(*hooks)
            sys.set_coroutine_origin_tracking_depth(depth)

    def _note_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators[generator] = (self._generator_number(), copy_context())

    def _close_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators.pop(generator, None)
        if not self.is_closed():
            self.call_soon_threadsafe(self.create_task, generator.aclose())

    def close_generators(self) -> list[asyncio.Task[None]]:
        """Begin to close the generators that are still open, each where it was begun; gives a task for each.

        They are held until this loop is thrown away: one that is given up would be closed once more.
        """
        tasks: list[asyncio.Task[None]] = []
        for generator, context in self._open_generators():
            self._given_up.append(generator)
            name = getattr(generator, "__qualname__", "")
            tasks.append(self.create_task(_closing(generator), name=name, context=context))
        return tasks

    async def shutdown_asyncgens(self) -> None:
        """Close the generators that are still open, the oldest first."""
        oldest_first = self._open_generators()
        closings = (generator.aclose() for generator, _ in oldest_first)
        for (generator, _), outcome in zip(
            oldest_first, await asyncio.gather(*closings, return_exceptions=True), strict=True
        ):
            if isinstance(outcome, Exception):
                message = f"an error occurred while closing the asynchronous generator {generator!r}"
                self.call_exception_handler({"message": message, "exception": outcome, "asyncgen": generator})

    def _open_generators(self) -> list[tuple[AsyncGenerator[Any, Any], Context]]:
        """Those that are open, the oldest first, which are forgotten from now on."""
        oldest_first = sorted(self._generators.items(), key=lambda item: item[1][0])
        self._generators.clear()
        return [(generator, context) for generator, (_, context) in oldest_first]

    # Mishaps.

    def set_exception_handler(self, handler: Callable[[asyncio.AbstractEventLoop, Report], object] | None) -> None:
        """Let `handler(loop, report)` hear of callbacks that fail; None: they are logged."""
        self._exception_handler = handler

    def get_exception_handler(self) -> Callable[[asyncio.AbstractEventLoop, Report], object] | None:
        """The handler that was set, or None."""
        return self._exception_handler

    def call_exception_handler(self, context: Report) -> None:
        """Tell the handler; if there is none or it fails itself, log."""
        if self._exception_handler is None:
            self.default_exception_handler(context)
            return
        try:
            self._exception_handler(self, context)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - a failing handler must not end the run
            self.default_exception_handler(context)
            self.default_exception_handler({"message": "Unhandled error in exception handler", "exception": error})

    def default_exception_handler(self, context: Report) -> None:
        """Log the report as asyncio does."""
        error = context.get("exception")
        lines = [context.get("message") or "Unhandled exception in event loop"]
        lines += [f"{key}: {value!r}" for key, value in sorted(context.items()) if key not in {"message", "exception"}]
        _logger.error("\n".join(lines), exc_info=error if isinstance(error, BaseException) else None)

    def report(self, error: BaseException, handle: asyncio.Handle) -> None:
        """A callback failed."""
        self.call_exception_handler(
            {"message": f"Exception in callback {handle!r}", "exception": error, "handle": handle}
        )

    def set_debug(self, enabled: bool) -> None:
        """Debug mode tracks where coroutines were made; nothing is slow in virtual time."""
        self._debug = enabled

    def get_debug(self) -> bool:
        """Whether debug mode is on."""
        return self._debug


def _tell(future: asyncio.Future[Any], task: asyncio.Task[Any]) -> None:
    """What came of a task, to whoever waits for it."""
    if task.cancelled():
        future.cancel()
        return
    error = task.exception()  # asked for: of what nobody waits for nobody is told
    if future.done():
        return
    if error is None:
        future.set_result(task.result())
    else:
        future.set_exception(error)


async def _closing(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()
