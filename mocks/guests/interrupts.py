"""Who stops a run: a person at the keyboard and the watchdog, told from code that raises KeyboardInterrupt itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_heard: Final[list[int]] = []


class Stopped(KeyboardInterrupt):
    """Raised by us in code that is to end: no handler of ordinary errors stops it."""


@contextmanager
def listening() -> Iterator[None]:
    """From here on it is known whether somebody interrupts; only the first thread of a process hears that."""
    _heard.clear()
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        yield
        return

    def hear(number: int, frame: FrameType | None) -> object:
        _heard.append(number)
        return before(number, frame)

    try:
        signal.signal(signal.SIGINT, hear)
    except ValueError:  # another thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def is_own(error: KeyboardInterrupt) -> bool:
    """Whether code raised this by itself."""
    return not _heard and not isinstance(error, Stopped)
