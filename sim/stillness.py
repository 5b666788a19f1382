"""A process that stands still: whatever is due to it meanwhile waits until it goes on."""

# asyncio and SimPy name what a loop needs with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar
from heapq import heapify, heappush
from typing import Any, Final

from simpy import Environment
from simpy.events import NORMAL

from seatrial.sim.loop import VirtualLoop
from seatrial.sim.waits import RETURN, Errand

LIFE: Final[ContextVar[object]] = ContextVar("seatrial.life", default=None)
"""The life of the process that a task, timer or wait belongs to, set in its context; None: the harness's own."""


_LAST: Final = NORMAL + 1


def at_last(env: Environment, function: Callable[..., object], *args: Any) -> None:
    """Call a function at this moment, once everything else that happens at it is done."""
    event = env.event()
    event._ok, event._value = True, None
    assert event.callbacks is not None
    event.callbacks.append(lambda _: function(*args))  # type: ignore[arg-type]
    heappush(env._queue, (env._now, _LAST, next(env._eid), event))  # type: ignore[misc]


class Stillness:
    """Takes what would wake a process off SimPy's heap, from now until `end`.

    Timers, pauses and replies wait, and happen at the end in the order in which they were due. Calls on their way out
    still arrive at their partners; their replies wait. It costs nothing while nobody is frozen: there is nothing to
    ask, only entries that are moved when a freeze begins. States: lasting, over.
    """

    def __init__(self, loop: VirtualLoop, life: object) -> None:
        self._heap: list[tuple[float, int, int, Any]] = loop._heap
        self._number: Callable[[], int] = loop.env._eid.__next__
        self._env = loop.env
        self._life = life
        self._held: list[tuple[float, int, int, Any]] = []
        self._lasts = True
        self._take()

    def end(self) -> None:
        """The process goes on."""
        self._lasts, held, self._held = False, sorted(self._held, key=lambda entry: entry[:3]), []
        for when, priority, _, event in held:
            heappush(self._heap, (max(when, self._env._now), priority, self._number(), event))

    def _take(self) -> None:
        """Hold back what is due to the process; nobody of it can set out on anything new."""
        left: list[tuple[float, int, int, Any]] = []
        for entry in self._heap:
            event = entry[3]
            if not self._is_ours(event):
                left.append(entry)
            elif isinstance(event, Errand) and event.callbacks is not RETURN:
                event.callbacks = (self._arrive,)
                left.append(entry)
            else:
                self._held.append(entry)
        self._heap[:] = left  # the same list: the loop holds on to it
        heapify(self._heap)

    def _is_ours(self, event: object) -> bool:
        context = getattr(event, "context", None) or getattr(event, "_context", None)
        return isinstance(context, Context) and context.get(LIFE) is self._life

    def _arrive(self, errand: Errand) -> None:
        """A call reaches its partner, as ever; the way back ends here for the time being."""
        more = errand.work()
        entry = (self._env._now + more, NORMAL, self._number(), errand)
        if errand.again:
            errand.again, errand.callbacks = False, (self._arrive,)
            heappush(self._heap, entry)
        elif errand.heard:
            errand.callbacks = RETURN
            if self._lasts:
                self._held.append(entry)
            else:
                heappush(self._heap, entry)
