"""The end of tasks: what was cancelled may wind up, what goes on all the same is left behind."""

# asyncio names what tells a task from one that is forgotten with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Collection, Sequence
from types import CoroutineType, GeneratorType
from typing import Any, Final

TURNS: Final = 20
"""Turns that a cancelled task may take to end, all of them in one moment."""
_CLOSES: Final = 200
"""Coroutines within one another, and waits of theirs, that are closed of one that was left behind."""


async def wound_up(tasks: Collection[asyncio.Task[Any]]) -> Sequence[asyncio.Task[Any]]:
    """Let cancelled tasks end; gives those that did not, which from now on belong to no loop."""
    for _ in range(TURNS):
        if all(task.done() for task in tasks):
            return ()
        await asyncio.sleep(0)
    return _forgotten(tasks)


def wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel whatever is left in a loop that stands, and forget what does not end."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    for _ in range(TURNS if tasks else 0):
        loop.call_soon(loop.stop)
        loop.run_forever()
    _forgotten(tasks)


def _forgotten(tasks: Collection[asyncio.Task[Any]]) -> Sequence[asyncio.Task[Any]]:
    left = [task for task in tasks if not task.done()]
    for task in left:
        asyncio.tasks._unregister_task(task)
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # said already, by whoever is given them
        if not _closed(task.get_coro()):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))  # never destroyed: it would go on when its coroutine is
    return left


def _closed(coro: Any) -> bool:
    """Close a coroutine from the inside out, whatever it waits for on its way; False where it will not end.

    One that stays holds everything that it has seen, a whole world as a rule. What was awaited is closed first: else it
    would be thrown away with its last words unsaid.
    """
    for _ in range(_CLOSES):
        inner: Any = coro
        while _is_suspended(awaited := getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)):
            inner = awaited
        if not _is_suspended(inner):
            return True
        try:
            inner.close()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001, S112 (its last words; its end was told before)
            continue
    return not _is_suspended(coro)


def _is_suspended(awaited: object) -> bool:
    return isinstance(awaited, CoroutineType | GeneratorType) and (
        getattr(awaited, "cr_frame", None) is not None or getattr(awaited, "gi_frame", None) is not None
    )
