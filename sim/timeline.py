"""The two queues of a run: callbacks that are ready now, and SimPy's heap of everything later."""

# asyncio and SimPy name what a loop needs with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from heapq import heapify, heappush
from math import inf
from typing import Any, NoReturn, TypeVarTuple

import simpy

from seatrial.sim.handles import DROPPED, FIRE, Ready, Timer
from seatrial.sim.surface import LoopSurface

Ts = TypeVarTuple("Ts")

PURGE_FROM = 256
"""Cancelled entries that the heap may hold before it is asked whether they are more than half of it."""


class Timeline(LoopSurface):
    """Callbacks in the order (time, priority, number) that SimPy's own events have. States: open, closed."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__()
        self.env = env
        self._ready: deque[Any] = deque()
        self._heap: list[tuple[float, int, int, Any]] = env._queue  # type: ignore[assignment]
        self._number: Callable[[], int] = env._eid.__next__
        self._dropped = 0
        self._closed = False

    def time(self) -> float:
        """Seconds of the run."""
        return self.env._now

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Ready:
        """Run a callback at this moment, after those already waiting."""
        handle = Ready()
        handle._callback = callback
        handle._args = args
        handle._context = copy_context() if context is None else context
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Ready:
        """The same: the loop never sleeps, so it needs no waking."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Timer:
        """Run a callback after `delay` seconds; a negative delay is none."""
        return self._schedule(self.env._now + delay, callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Timer:
        """Run a callback at a moment, in seconds of the run; a moment that has passed is now."""
        return self._schedule(when, callback, args, context)

    def _schedule(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> Timer:
        timer = Timer()
        timer._callback = callback
        timer._args = args
        timer._context = copy_context() if context is None else context
        timer._loop = self
        timer.callbacks = FIRE
        now = self.env._now
        timer._when = when = when if when > now else now
        if when < inf:  # what never comes stays off the heap, so that a deadlock is seen
            heappush(self._heap, (when, 1, self._number(), timer))
        return timer

    def note_dropped(self) -> None:
        """An entry of the heap was cancelled; when they are the larger part, all of them leave."""
        self._dropped += 1
        if self._dropped > PURGE_FROM and self._dropped * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[3].callbacks is not DROPPED]
            heapify(self._heap)
            self._dropped = 0

    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Drop every callback and refuse new ones; the environment stays usable."""
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        self._closed = True
        self._ready = _Closed()
        self._number = refuse


def refuse() -> NoReturn:
    """Answer whoever uses a closed loop."""
    raise RuntimeError("Event loop is closed")


class _Closed(deque[Any]):
    """The ready queue of a closed loop: it takes nothing."""

    def append(self, item: object) -> NoReturn:
        """Raise RuntimeError."""
        refuse()
