"""Looking on without being noticed: calls that nothing in the run can tell were made."""

# SimPy names what it schedules by with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any, Final

import simpy
from simpy.events import NORMAL

_LAST: Final = int(NORMAL) + 1


class Glance:
    """A function called last in its moment, and never among those of which the dice draw who goes first."""

    __slots__ = ("_function", "callbacks")
    callbacks: tuple[Callable[[Glance], None], ...] | None
    _function: Callable[[], object]
    _ok = True
    drawn = False


def glance(env: simpy.Environment, delay: float, function: Callable[[], object]) -> None:
    """Call a function that changes nothing in the run after `delay` seconds of it."""
    look = Glance()
    look._function = function
    look.callbacks = _MAKE
    entry: Any = (env._now + delay, _LAST, next(env._eid), look)
    heappush(env._queue, entry)


def _make(look: Glance) -> None:
    look._function()


_MAKE: Final = (_make,)
