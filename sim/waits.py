"""Waiting on the run's clock without a detour: tasks stepped straight from SimPy's callbacks."""

# asyncio and SimPy name what a loop needs with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from heapq import heappush
from math import inf
from types import coroutine
from typing import Any, Final, TypeVar

import simpy
from simpy.events import NORMAL

from seatrial.sim.handles import DROPPED
from seatrial.sim.loop import VirtualLoop

T = TypeVar("T")


_DONE: Final[asyncio.Future[None]] = asyncio.Future(loop=VirtualLoop())
_DONE.set_result(None)
"""What every wait wakes its task with: a future is made only where a wait is cancelled."""


class _Wait:
    """What a task waits for, in the few words that asyncio's task asks of a future. States: waiting, over."""

    __slots__ = ("_asyncio_future_blocking", "context", "get_loop", "wake")
    _asyncio_future_blocking: bool
    get_loop: Callable[[], asyncio.AbstractEventLoop]
    context: Context
    wake: Any

    def add_done_callback(self, callback: Callable[[asyncio.Future[Any]], object], *, context: Context) -> None:
        """Called once, by the task, when it suspends."""
        self.wake = callback
        self.context = context

    def _wake_cancelled(self, message: object) -> None:
        """Let the task go on with a CancelledError, in its turn among those ready."""
        loop = self.wake.__self__.get_loop()
        cancelled = loop.create_future()
        cancelled.cancel(message)
        loop.call_soon(self.wake, cancelled, context=self.context)
        self.wake = None


class _Pause(_Wait):
    """A wait that is its own entry on SimPy's heap."""

    __slots__ = ("callbacks",)
    callbacks: tuple[Callable[[_Pause], None], ...] | None
    _ok = True
    drawn = True

    def cancel(self, msg: object = None) -> bool:
        """Called by the task when it is cancelled."""
        if not self.callbacks:
            return False
        self.callbacks = DROPPED
        self.wake.__self__.get_loop().note_dropped()
        self._wake_cancelled(msg)
        return True


def _end(pause: _Pause) -> None:
    pause.context.run(pause.wake, _DONE)


_END: Final = (_end,)


@coroutine
def pause(env: simpy.Environment, delay: float) -> Generator[_Pause, None, None]:
    """Wait `delay` seconds of the run, counted from when it is awaited. Raises ValueError for a negative delay."""
    wait = _Pause()
    wait._asyncio_future_blocking = True
    wait.get_loop = env.get_loop  # type: ignore[attr-defined]  # set by VirtualLoop; asyncio's own asks the kernel
    wait.callbacks = _END
    if 0.0 <= delay < inf:
        heappush(env._queue, (env._now + delay, NORMAL, next(env._eid), wait))  # type: ignore[misc]
    elif delay != inf:  # an endless pause is on no heap, so that a deadlock is seen
        raise ValueError(f"a pause of {delay} s; it takes 0 s or more")
    yield wait


class Errand(_Wait):
    """Work far away: go there, do it, come back; the task that waits is woken once, at the end.

    A cancelled wait does not stop an errand that is on its way: the work is done, and nobody hears of it.
    States: under way, on the way back, over.
    """

    __slots__ = ("again", "callbacks", "env", "heard")
    again: bool
    callbacks: tuple[Callable[[Errand], None], ...] | None
    env: simpy.Environment
    heard: bool
    _ok = True
    drawn = True

    def work(self) -> float:
        """Called on arrival: gives the seconds until the end, or until it is called again where it sets `again`."""
        raise NotImplementedError

    def cancel(self, msg: object = None) -> bool:
        """Called by the task when it is cancelled."""
        if not self.heard or not self.callbacks:
            return False
        self.heard = False
        self._wake_cancelled(msg)
        return True


def _arrive(errand: Errand) -> None:
    more = errand.work()
    if errand.again:
        errand.again, errand.callbacks = False, _ARRIVE
    elif errand.heard:
        errand.callbacks = RETURN
    else:
        return
    env = errand.env
    heappush(env._queue, (env._now + more, NORMAL, next(env._eid), errand))  # type: ignore[misc]


def _return(errand: Errand) -> None:
    if errand.heard:
        errand.context.run(errand.wake, _DONE)


_ARRIVE: Final = (_arrive,)
RETURN: Final = (_return,)
"""Callbacks of an errand on its way back."""


def set_out(errand: Errand, env: simpy.Environment, out: float) -> None:
    """Let work be done after `out` seconds of the run. Whoever waits for it and its way back has to yield it next."""
    errand._asyncio_future_blocking = True
    errand.get_loop = env.get_loop  # type: ignore[attr-defined]
    errand.callbacks = _ARRIVE
    errand.env, errand.heard, errand.again = env, True, False
    heappush(env._queue, (env._now + out, NORMAL, next(env._eid), errand))  # type: ignore[misc]


class _EventWait(_Wait):
    """A wait for a SimPy event, held by the callbacks of that event."""

    __slots__ = ("event",)
    event: simpy.Event

    def end(self, event: simpy.Event) -> None:
        """The event happened: step the task at once."""
        self.context.run(self.wake, _DONE)

    def cancel(self, msg: object = None) -> bool:
        """Called by the task when it is cancelled."""
        callbacks = self.event.callbacks
        if callbacks is None or self.wake is None:
            return False
        callbacks.remove(self.end)
        self._wake_cancelled(msg)
        return True


class _DrawnEventWait(_EventWait):
    """The same where the dice say who of those waiting goes on first."""

    __slots__ = ()

    def end(self, event: simpy.Event) -> None:
        """The event happened: the task becomes ready."""
        if not event._ok:
            event._defused = True
        self.get_loop().call_soon(self.wake, _DONE, context=self.context)


@coroutine
def until(event: simpy.Event) -> Generator[_EventWait, None, Any]:
    """Wait for a SimPy event; its value, or raise what it failed with.

    A cancelled wait leaves the event alone: give a request or a get back with `with`, as a SimPy process does.
    """
    if event.callbacks is not None:
        get_loop = event.env.get_loop  # type: ignore[attr-defined]
        wait = _DrawnEventWait() if get_loop().is_drawn else _EventWait()
        wait._asyncio_future_blocking = True
        wait.get_loop = get_loop
        wait.event = event
        event.callbacks.append(wait.end)
        yield wait
    if event._ok:
        return event._value
    event._defused = True
    raise event._value


class Call:
    """A function that SimPy calls after a delay. States: waiting, cancelled, made."""

    __slots__ = ("_args", "_function", "callbacks")
    callbacks: tuple[Callable[[Call], None], ...] | None
    _function: Callable[..., object]
    _args: tuple[Any, ...]
    _ok = True
    drawn = True

    def cancel(self) -> None:
        """Do not call."""
        if self.callbacks:
            self.callbacks = DROPPED
            self._args = ()
            loop = asyncio._get_running_loop()
            if isinstance(loop, VirtualLoop):
                loop.note_dropped()


def _make(call: Call) -> None:
    call._function(*call._args)


_MAKE: Final = (_make,)


def after(env: simpy.Environment, delay: float, function: Callable[..., object], *args: Any) -> Call:
    """Call a function after `delay` seconds of the run; what it raises ends the run, as a failed SimPy event does.

    Raises ValueError for a delay that is negative or endless.
    """
    if not 0.0 <= delay < inf:
        raise ValueError(f"a call after {delay} s; it takes 0 s or more")
    call = Call()
    call._function = function
    call._args = args
    call.callbacks = _MAKE
    heappush(env._queue, (env._now + delay, NORMAL, next(env._eid), call))  # type: ignore[misc]
    return call


def process_of(task: asyncio.Future[Any]) -> simpy.Event:
    """A SimPy event that fires when a task or future is done, so that a process can `yield` it.

    It fails with what the task failed with; a process that waits for a cancelled task gets the CancelledError.
    """
    loop = task.get_loop()
    if not isinstance(loop, VirtualLoop):
        raise TypeError(f"{task!r} belongs to {loop!r}; a SimPy process can wait for tasks of a VirtualLoop only")
    event = loop.env.event()

    def finish(task: asyncio.Future[Any]) -> None:
        if task.cancelled():
            event.fail(asyncio.CancelledError())  # type: ignore[arg-type]
            event.defused = not event.callbacks  # nobody has to take care of a task that was called off
        elif (error := task.exception()) is not None:
            event.fail(error)  # type: ignore[arg-type]
        else:
            event.succeed(task.result())

    task.add_done_callback(finish)
    return event


def start(loop: VirtualLoop, coro: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """Start a task and take its first step here and now, not in its turn; it may be done on return.

    It is a task like any other: `current_task`, `timeout` and cancellation mean what they always mean.
    """
    ready = loop._ready
    waiting = len(ready)
    task = loop.create_task(coro, name=name)
    if len(ready) > waiting:
        step, running = ready.pop(), asyncio.current_task(loop)
        if running is not None:
            _leave_task(loop, running)
        try:
            step._context.run(step._callback, *step._args)
        finally:
            if running is not None:
                _enter_task(loop, running)
    return task
