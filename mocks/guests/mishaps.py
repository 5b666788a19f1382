"""What went wrong in a guest's code and nobody took care of."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from seatrial.mocks.guests.owncode import not_ours, own, placed, written
from seatrial.sim.lastwords import said

_KEPT: Final = 20


class Returned(Exception):
    """A function came to its end, and nothing of it is left that could go on."""


class Mishap(msgspec.Struct, frozen=True):
    """One of them."""

    at: float
    """Second of the run at which it came to light."""
    what: str
    """Where it happened, in words: `a background task`, `the webhook handler`."""
    error: str
    """What was raised."""
    place: str
    """File and line of the code under test, the innermost first."""

    def __str__(self) -> str:
        place = f" · {self.place}" if self.place else ""
        return f"{self.what} at {self.at:,.6g} s: {self.error}{place}"


class Mishaps:
    """The first of them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.kept: list[Mishap] = []
        self._now = now

    def add(self, what: str, error: BaseException | str, called: Callable[..., Any] | None = None) -> None:
        """One more, in a function that was called; the same at the same place is kept once."""
        place = place_of(error, written(called) if called else "") if isinstance(error, BaseException) else ""
        words = error if isinstance(error, str) else said(error)
        known = any((each.what, each.error, each.place) == (what, words, place) for each in self.kept)
        if len(self.kept) < _KEPT and not known:
            self.kept.append(Mishap(self._now(), what, words, place))

    def told_by_loop(self, _loop: object, report: dict[str, Any]) -> None:
        """Exception handler of the loop: tasks and callbacks that nobody looked after."""
        error = report.get("exception")
        task = report.get("task") or report.get("future")
        name = task.get_name() if isinstance(task, asyncio.Task) else ""
        what = _task(name) if name else str(report.get("message", "a callback"))
        self.add(what, error if isinstance(error, BaseException) else str(report.get("message", "")))

    def unheard(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        """Tasks that failed, and somebody holds them still: the loop tells of a task when it is thrown away."""
        for task in sorted(tasks, key=hash):  # in the order in which they were begun
            if task.done() and not task.cancelled() and task._log_traceback:  # noqa: SLF001 (nobody asked for it)
                error = task.exception()
                self.add(_task(task.get_name()), error or "")


def _task(name: str) -> str:
    """A task of its own, whose error may come to light long after it was raised."""
    return f"background task {name!r}, seen"


def place_of(error: BaseException, called: str = "") -> str:
    """File and line at which code that is not ours and not a library's raised it, the innermost first.

    Of a group of errors those of the first that has any; after it the errors that it was raised from, as far as code of
    the guest's own raised them. Where none is it is what was `called`, else the library, and ours at last.
    """
    error, frames = _raised(error)
    every = traceback.extract_tb(error.__traceback__)
    told = placed(frames) or called or placed(not_ours(every) or every)
    seen = [error]
    while told and (cause := error.__cause__) is not None and not any(cause is each for each in seen):
        seen.append(cause)  # one may be raised from itself
        error, frames = _raised(cause)
        if not frames and error.__traceback__ is not None:
            break
        told += f", from {said(error)}" + (f" at {placed(frames)}" if frames else "")
    return told


def has_own(error: BaseException) -> bool:
    """Whether it came through code of the guest's own."""
    return bool(_raised(error)[1])


def _raised(error: BaseException) -> tuple[BaseException, list[traceback.FrameSummary]]:
    """An error, or that within a group, with the frames of the guest's own."""
    for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        inner, frames = _raised(member)
        if frames:
            return inner, frames
    return error, own(traceback.extract_tb(error.__traceback__))
