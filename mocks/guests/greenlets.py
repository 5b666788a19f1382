"""Synchronous code in virtual time: it runs in a greenlet, and gives up its turn wherever it would block.

One thread, one clock: `time.sleep` and a request of a synchronous client wait as `await` would, and everybody else
goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
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


def sleep(seconds: float) -> bool:
    """`time.sleep` of synchronous code; False: this is no place where one can wait."""
    if not is_inside():
        return False
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    wait(asyncio.sleep(seconds))
    return True


if greenlet is not None:

    class _Worker(greenlet.greenlet):
        """A greenlet that is ours."""
