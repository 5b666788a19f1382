"""Deadlock: nothing is scheduled any more, and somebody still waits."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from types import AsyncGeneratorType, FrameType
from typing import Any

import msgspec

from seatrial.sim.errors import HarnessError

SHOWN = 20
"""How many waiting tasks the text lists; `Deadlock.waiting` has them all."""

_PLUMBING = (os.path.dirname(asyncio.__file__), str(Path(__file__).with_name("waits.py")))  # noqa: PTH120

_STEPS = {"async_generator_asend", "async_generator_athrow"}


class Waiting(msgspec.Struct, frozen=True):
    """A task that waits, and where."""

    task: str
    """Name of the task."""
    function: str
    """Function that waits."""
    file: str
    """Its source file."""
    line: int
    """Line in that file."""
    inside: str
    """What it called to wait, as `Queue.get`; empty if it waits itself."""

    def __str__(self) -> str:
        called = f" for {self.inside}" if self.inside else ""
        return f"{self.task} waits{called} in {self.function}, {self.file}:{self.line}"


class Deadlock(HarnessError):
    """Nothing is scheduled and the run is not done.

    `now` is the moment in seconds of the run, `waiting` every pending task, in the order of place and name.
    """

    def __init__(self, now: float, waiting: tuple[Waiting, ...]) -> None:
        self.now = now
        self.waiting = waiting
        lines = [f"nothing is scheduled after {now:g} s, and {len(waiting)} tasks still wait:"]
        lines += [f"  {task}" for task in waiting[:SHOWN]]
        if len(waiting) > SHOWN:
            lines.append(f"  and {len(waiting) - SHOWN} more (see Deadlock.waiting)")
        lines.append("let somebody wake them, or bound the wait with asyncio.timeout")
        super().__init__("\n".join(lines))


def pending(loop: asyncio.AbstractEventLoop) -> tuple[Waiting, ...]:
    """Every task of a loop that is not done, and where it waits."""
    found = (_locate(task) for task in asyncio.all_tasks(loop))
    return tuple(sorted(found, key=lambda at: (at.file, at.line, len(at.task), at.task)))


def _locate(task: asyncio.Task[Any]) -> Waiting:
    frames = list(_frames(task.get_coro()))
    own = [frame for frame in frames if not frame.f_code.co_filename.startswith(_PLUMBING)]
    if not own:
        return Waiting(task.get_name(), getattr(task.get_coro(), "__qualname__", "?"), "?", 0, "")
    at = own[-1]
    deeper = frames[frames.index(at) + 1 :]
    called = deeper[0].f_code.co_qualname if deeper else ""
    return Waiting(task.get_name(), at.f_code.co_qualname, short_path(at.f_code.co_filename), at.f_lineno, called)


def _frames(awaited: object) -> Iterator[FrameType]:
    """Frames of a suspended coroutine, from the outermost to where it waits."""
    while awaited is not None:
        frame = _either(awaited, "cr_frame", "gi_frame", "ag_frame")
        if isinstance(frame, FrameType):
            yield frame
        awaited = _either(awaited, "cr_await", "gi_yieldfrom", "ag_await") or _stepped(awaited)


def _stepped(step: object) -> object:
    """The generator behind one step of an `async for`, which names it nowhere."""
    if type(step).__name__ not in _STEPS:
        return None
    return next((held for held in gc.get_referents(step) if isinstance(held, AsyncGeneratorType)), None)


def _either(owner: object, *names: str) -> object:
    return next((getattr(owner, name) for name in names if hasattr(owner, name)), None)


def short_path(file: str) -> str:
    """The path as seen from here, if it lies below."""
    path = Path(file)
    try:
        here = Path.cwd()
    except OSError:  # code under test may have removed it
        return file
    return str(path.relative_to(here)) if path.is_relative_to(here) else file
