"""The clock of a run: an asyncio event loop whose time is SimPy's."""

# asyncio and SimPy name what a loop needs with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from heapq import heappop
from typing import Any, NoReturn, TypeVar
from weakref import ref

import simpy

from seatrial.sim.deadlock import Deadlock, pending
from seatrial.sim.farewell import wind_up
from seatrial.sim.fences import fenced
from seatrial.sim.handles import DROPPED, Halt, Ready, halt
from seatrial.sim.timeline import Timeline, refuse

T = TypeVar("T")

GC_THRESHOLDS = (50_000, 20, 100)
"""Allocations between collections of the youngest, and factors of the older two: measured as worth 20-25 %."""


class VirtualLoop(Timeline):
    """asyncio and SimPy on one time line, in one order: (time, priority, number).

    Callbacks that are ready run before SimPy takes its next step. `shuffle(n)`, if given, draws which of n ready
    callbacks runs next; timers and waits that end at the same moment are drawn as well. States: idle, running, closed.
    Raises Deadlock when nothing is scheduled and nobody stopped it, LeftVirtualTime for sockets, subprocesses and
    signals, and whatever a SimPy event failed with if nobody took care of it.
    """

    def __init__(self, env: simpy.Environment | None = None, *, shuffle: Callable[[int], int] | None = None) -> None:
        super().__init__(simpy.Environment(0.0) if env is None else env)
        self.is_drawn = shuffle is not None  # the dice decide who of those ready runs next
        self._shuffle = shuffle
        self._running = False
        self.env.get_loop = ref(self)  # type: ignore[attr-defined]  # called, it tells asyncio's tasks who drives them

    # Running.

    def run_forever(self) -> None:
        """Run until `stop`."""
        self._check_idle()
        with self._watch_generators():
            asyncio._set_running_loop(self)
            self._running = True
            try:
                self._run()
            except Halt:
                pass
            finally:
                self._running = False
                asyncio._set_running_loop(None)
                self._forget_stop()

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until a future or coroutine is done, and return its result."""
        self._check_idle()
        new = not asyncio.isfuture(future)
        task: asyncio.Future[T] = asyncio.ensure_future(future, loop=self)  # type: ignore[arg-type]
        task.add_done_callback(_stop_loop_of)
        try:
            self.run_forever()
        except BaseException:
            if new and task.done() and not task.cancelled():
                task.exception()  # retrieved here: the error on its way out says enough
            raise
        finally:
            self._show()
            task.remove_done_callback(_stop_loop_of)
        if not task.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return task.result()

    def stop(self) -> None:
        """Leave `run_forever` after the callbacks that are ready now."""
        self.call_soon(halt)

    def is_running(self) -> bool:
        """Whether it runs."""
        return self._running

    def _check_idle(self) -> None:
        if self._closed:
            refuse()
        if self._running:
            raise RuntimeError("This event loop is already running")
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")

    def _forget_stop(self) -> None:
        """After an error or a second stop one may be left; the next run must not meet it."""
        for handle in [handle for handle in self._ready if getattr(handle, "_callback", None) is halt]:
            self._ready.remove(handle)

    def _run(self) -> None:
        if self._shuffle is not None:
            self._run_drawn(self._shuffle)
        if type(self.env).step is simpy.Environment.step:
            self._run_in_order()
        while True:
            while self._ready:
                self._run_one(self._ready.popleft())
            self._step()

    def _run_in_order(self) -> NoReturn:
        """The loop at full speed: SimPy's `step` written out, without a call per event."""
        env, heap, ready, take = self.env, self._heap, self._ready, self._ready.popleft
        while True:
            while ready:
                handle = take()
                try:
                    handle._context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt, Halt):
                    raise
                except BaseException as error:  # noqa: BLE001 - a callback may fail with anything; the loop lives on
                    self.report(error, handle)
            if not heap:
                raise self._deadlock()
            when, _, _, event = heappop(heap)
            callbacks = event.callbacks
            if callbacks is DROPPED:
                self._dropped -= 1
                continue
            env._now = when
            event.callbacks = None
            for callback in callbacks:
                callback(event)
            if not event._ok and not hasattr(event, "_defused"):
                raise event._value

    def _deadlock(self) -> Deadlock:
        return Deadlock(self.env._now, pending(self))

    def _run_drawn(self, shuffle: Callable[[int], int]) -> NoReturn:
        """The loop by the dice: what is ready together, or ends at one moment, comes in any order."""
        env, heap, ready, take = self.env, self._heap, self._ready, self._ready.popleft
        while True:
            while ready:
                waiting = len(ready)
                if waiting == 1:
                    item = take()
                else:
                    place = shuffle(waiting)
                    item = ready[place]
                    del ready[place]
                if isinstance(item, Ready):
                    self._run_one(item)
                else:
                    _happen(item)
            if not heap:
                raise self._deadlock()
            when, _, _, event = heappop(heap)
            if event.callbacks is DROPPED:
                self._dropped -= 1
                continue
            env._now = when
            if not heap or heap[0][0] != when or not getattr(event, "drawn", False):
                _happen(event)
                continue
            ready.append(event)
            while heap and heap[0][0] == when and getattr(heap[0][3], "drawn", False):
                together = heappop(heap)[3]
                if together.callbacks is DROPPED:
                    self._dropped -= 1
                else:
                    ready.append(together)

    # Running on an environment with a step of its own.

    def _run_one(self, handle: Ready) -> None:
        try:
            handle._context.run(handle._callback, *handle._args)
        except (SystemExit, KeyboardInterrupt, Halt):
            raise
        except BaseException as error:  # noqa: BLE001 - a callback may fail with anything; the loop lives on
            self.report(error, handle)

    def _step(self) -> None:
        """One step of SimPy."""
        heap = self._heap
        while heap and heap[0][3].callbacks is DROPPED:
            heappop(heap)
            self._dropped -= 1
        if not heap:
            raise self._deadlock()
        self.env.step()


def _happen(event: Any) -> None:
    """Process an event as SimPy's `step` does, at the moment that `now` already is."""
    callbacks, event.callbacks = event.callbacks, None
    for callback in callbacks:
        callback(event)
    if not event._ok and not hasattr(event, "_defused"):
        raise event._value


def _stop_loop_of(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and isinstance(future.exception(), SystemExit | KeyboardInterrupt):
        return  # it is already on its way out of the loop
    future.get_loop().stop()


@contextmanager
def relaxed_gc() -> Iterator[None]:
    """Collect garbage less often while a run makes millions of short-lived objects."""
    before = gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def run_virtual(
    main: Coroutine[Any, Any, T],
    *,
    env: simpy.Environment | None = None,
    shuffle: Callable[[int], int] | None = None,
) -> T:
    """Run a coroutine in virtual time, behind the fences; whatever is left at its end is cancelled.

    After an error that takes no time any more: who does not end in its moment is left behind.

    Raises Deadlock when nothing is scheduled and it is not done, and LeftVirtualTime where it failed after some code
    left virtual time, whatever others made of that error on its way.
    """
    loop = VirtualLoop(env, shuffle=shuffle)
    with fenced(), asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            return runner.run(main)
        except BaseException as error:
            with suppress(Deadlock):  # a task that will not be cancelled says nothing new
                wind_up(loop)
            hidden = isinstance(error, Exception) and not isinstance(error, Deadlock) and error is not loop.left
            if loop.left is not None and hidden:
                raise loop.left from error
            raise
