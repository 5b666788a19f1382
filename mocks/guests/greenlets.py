"""Synchronous code in virtual time: it runs in a greenlet, and gives up its turn wherever it would block.

One thread, one clock: `time.sleep` and a request of a synchronous client wait as `await` would, and everybody else
goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from seatrial.sim.errors import BadInput

try:
    import greenlet
except ImportError:  # pragma: no cover (an extra)
    greenlet = None  # type: ignore[assignment]


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
    worker = _Worker(function)
    worker.gr_context = copy_context()
    asked = worker.switch(*args)
    while not worker.dead:
        try:
            answer = await asked
        except BaseException as error:  # noqa: BLE001 (it belongs to whoever waits, cancellation included)
            asked = worker.throw(error)
        else:
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


class _Waiter:
    """Stands where the lock of a waiting thread would: who notifies releases it."""

    def __init__(self) -> None:
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def release(self) -> None:
        """Go on."""
        if not self.told.done():
            self.told.set_result(None)


if greenlet is not None:

    class _Worker(greenlet.greenlet):
        """A greenlet that is ours."""
