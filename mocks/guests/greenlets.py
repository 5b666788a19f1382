"""Synchronous code in virtual time: it runs in a greenlet, and gives up its turn wherever it would block.

One thread, one clock: `time.sleep` and a request of a synchronous client wait as `await` would, and everybody else
goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from types import FrameType, TracebackType
from typing import Any, Final

from seatrial.sim.errors import BadInput

try:
    import greenlet
except ImportError:  # pragma: no cover (an extra)
    greenlet = None  # type: ignore[assignment]

_seeking: Final[dict[object, list[_Waiter]]] = {}
"""Who waits for which lock or queue, in the order in which they came."""
_MOMENT: Final = 0.005
"""Real seconds in which a thread that an import began lets go of a lock."""
_LONG: Final = 10.0
"""Seconds after which a lock is not waited for any more, but stuck."""


def has_greenlets() -> bool:
    """Whether the package for synchronous code is there."""
    return greenlet is not None


def check_greenlets(what: str) -> None:
    """Raises BadInput where it is not, naming what needs it."""
    if greenlet is None:
        hint = "it needs the extra `guest`: pip install 'seatrial[guest]'"
        raise BadInput("synchronous code cannot run here", value=what, hint=hint)


async def in_greenlet(function: Callable[..., Any], *args: Any) -> Any:
    """Call a synchronous function that may wait (see `wait`); gives what it returns."""
    assert greenlet is not None
    worker = _Worker(function)
    worker.gr_context = copy_context()
    asked = worker.switch(*args)
    while not worker.dead:
        try:
            answer = await asked
        except BaseException as error:  # noqa: BLE001 (it belongs to whoever waits, cancellation included)
            worker.parent = greenlet.getcurrent()
            asked = worker.throw(error)
        else:
            worker.parent = greenlet.getcurrent()  # an eager task takes its first step in the greenlet that begins it
            asked = worker.switch(answer)
    return asked


def is_inside() -> bool:
    """Whether this code runs in a greenlet of ours, and so can wait."""
    return greenlet is not None and isinstance(greenlet.getcurrent(), _Worker)


def wait(awaitable: Awaitable[Any]) -> Any:
    """Wait for something from synchronous code: others go on, and this continues with its result or its error."""
    assert greenlet is not None
    parent = greenlet.getcurrent().parent
    assert parent is not None
    return parent.switch(awaitable)


def sleep(seconds: float) -> Any:
    """`time.sleep` of synchronous code; NotImplemented: this is no place where one can wait."""
    if not is_inside():
        return NotImplemented
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    wait(asyncio.sleep(seconds))
    return None


def linger(condition: threading.Condition, timeout: float | None = None) -> Any:
    """`threading.Condition.wait` of synchronous code, so events, queues and the results of executors as well."""
    if not is_inside():
        return NotImplemented
    known: Any = condition
    if not known._is_owned():  # noqa: SLF001 (as its own method asks)
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = _Waiter()
    known._waiters.append(waiter)  # noqa: SLF001
    held = known._release_save()  # noqa: SLF001
    try:
        wait(asyncio.wait({waiter.told}, timeout=timeout))
        return waiter.told.done()
    finally:
        known._acquire_restore(held)  # noqa: SLF001
        with suppress(ValueError):
            known._waiters.remove(waiter)  # noqa: SLF001


def seize(acquire: Callable[..., bool]) -> Callable[..., bool]:
    """`Lock.acquire` of synchronous code: while another one holds it that one goes on, and can let it go."""

    def seize(lock: Any, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking or not is_inside():
            return acquire(lock, blocking, timeout)
        loop = asyncio.get_running_loop()
        since = loop.time()
        try:
            return bool(_sought(lock, partial(acquire, lock), None if timeout < 0 else timeout))
        except asyncio.CancelledError:
            _tell_of(loop.time() - since)
            raise

    return seize


def drawing(get: Callable[..., Any]) -> Callable[..., Any]:
    """`queue.SimpleQueue.get` of synchronous code: while there is nothing in it the others go on, and can put it in."""

    def drawn(waiting: Any, block: bool = True, timeout: float | None = None) -> Any:
        if not block or not is_inside() or (timeout is not None and timeout < 0):
            return get(waiting, block, timeout)

        def attempt(block: bool, wait: float) -> tuple[()] | tuple[Any]:
            try:
                return (get(waiting, block, wait if block else None),)
            except queue.Empty:
                return ()

        found = _sought(waiting, attempt, timeout)
        if not found:
            raise queue.Empty
        return found[0]

    return drawn


def _sought(thing: object, attempt: Callable[[bool, float], Any], timeout: float | None) -> Any:
    """Try `attempt(block, real seconds)` whenever somebody has let go of the thing, until it succeeds or time is up."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    while not (found := attempt(False, -1)):
        if threading.active_count() > 1 and (found := attempt(True, _MOMENT)):  # it may be a thread of the machine's
            return found
        left = None if timeout is None else since + timeout - loop.time()
        if left is not None and left <= 0:
            return found
        waiter = _Waiter()
        _seeking.setdefault(thing, []).append(waiter)
        try:
            wait(asyncio.wait({waiter.told}, timeout=left))
        finally:
            _seeking[thing].remove(waiter)
            if not _seeking[thing]:
                del _seeking[thing]
    return found


def _tell_of(waited: float) -> None:
    """A life ends, and with it a wait for a lock: a long one was for nothing."""
    if waited < _LONG:
        return
    trace: TracebackType | None = None
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 (documented)
    while frame is not None:
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    error = TimeoutError(f"nobody freed it in {waited:g} s").with_traceback(trace)
    asyncio.get_running_loop().call_exception_handler({"message": "a lock", "exception": error})


def yielding(release: Callable[..., None]) -> Callable[..., None]:
    """`Lock.release`, `SimpleQueue.put`: whoever waits looks again, the one who came first before the others."""

    def let_go(thing: Any, *args: Any, **options: Any) -> None:
        release(thing, *args, **options)
        for waiter in tuple(_seeking.get(thing, ())):
            waiter.release()

    return let_go


class _Waiter:
    """Stands where the lock of a waiting thread would: who notifies releases it."""

    def __init__(self) -> None:
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def release(self) -> None:
        """Go on."""
        if not self.told.done() and not self.told.get_loop().is_closed():  # of a run that is over nobody goes on
            self.told.set_result(None)


if greenlet is not None:

    class _Worker(greenlet.greenlet):
        """A greenlet that is ours."""
