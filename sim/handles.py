"""What waits in the loop's two queues: callbacks that are ready, timers on SimPy's heap, and numbered tasks."""

# asyncio and SimPy name what a loop needs with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

T = TypeVar("T")

DROPPED: Final[tuple[()]] = ()
"""Callbacks of a heap entry that was cancelled: it runs nothing, and the loop skips it without moving the clock."""

_NO_CONTEXT: Final = Context()


class Heap(Protocol):
    """Whoever counts the cancelled entries of SimPy's heap, so that they do not pile up there."""

    def note_dropped(self) -> None:
        """One more entry of the heap is dropped."""
        ...

    def report(self, error: BaseException, handle: asyncio.Handle) -> None:
        """Tell the loop's exception handler of a callback that failed."""
        ...


def _nothing() -> None:
    """What a cancelled callback does."""


class Ready(asyncio.Handle):
    """A callback to run at this very moment, after those before it. States: waiting, cancelled, done."""

    __slots__ = ()
    _callback: Callable[..., object]
    _context: Context

    # Filled in by the loop, field by field: a constructor in Python costs as much again.
    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__

    def cancel(self) -> None:
        """Run nothing."""
        self._callback = _nothing
        self._args = ()

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._callback is _nothing

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._callback!r}>"


class Timer(asyncio.TimerHandle):
    """A callback at a moment; it is itself the entry on SimPy's heap. States: waiting, cancelled, fired."""

    __slots__ = ("callbacks",)
    callbacks: tuple[Callable[[Timer], None], ...] | None
    _callback: Callable[..., object]
    _context: Context
    _loop: Heap
    _when: float
    _ok = True
    drawn = True

    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__

    def cancel(self) -> None:
        """Run nothing; the entry leaves the heap at the latest when its time comes."""
        if self.callbacks:
            self.callbacks = DROPPED
            self._callback = _nothing
            self._args = ()
            self._context = _NO_CONTEXT
            self._loop.note_dropped()

    def cancelled(self) -> bool:
        """Whether it was cancelled before it fired."""
        return self.callbacks is DROPPED

    def when(self) -> float:
        """Moment in seconds of the run."""
        return self._when

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._when} {self._callback!r}>"


def _fire(timer: Timer) -> None:
    """Run the callback of a timer whose moment has come."""
    try:
        timer._context.run(timer._callback, *timer._args)
    except (SystemExit, KeyboardInterrupt, Halt):
        raise
    except BaseException as error:  # noqa: BLE001 - a callback may fail with anything; the loop lives on
        timer._loop.report(error, timer)


FIRE: Final = (_fire,)
"""Callbacks of a timer that waits."""


class Halt(BaseException):
    """Ends `run_forever`; raised by the callback that `stop` puts behind the ready ones."""


def halt() -> None:
    """Leave the loop."""
    raise Halt


class NumberedTask(asyncio.Task[T]):
    """A task whose hash is its number.

    Task groups and `asyncio.wait` keep tasks in sets; addresses would make them cancel in another order in every
    process, and one seed has to give one history.
    """

    __slots__ = ("_number",)

    def __init__(self, number: int, coro: Any, **options: Any) -> None:
        self._number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self._number
