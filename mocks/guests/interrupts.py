"""Who stops a run: a person at the keyboard and the watchdog, told from code that raises KeyboardInterrupt itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

_heard: Final[list[int]] = []


class Stopped(KeyboardInterrupt):
    """Raised by us in code that is to end: no handler of ordinary errors stops it."""

    def __str__(self) -> str:
        """What is shown where nobody can be told, as in a destructor."""
        return "it kept its turn for too long"


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


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Who handles which signal is afterwards as it was before, whomever code of others put in his place."""
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:  # None: nobody can put it back
                with suppress(ValueError):  # another thread, which could put nobody in his place either
                    signal.signal(number, handler)


def is_own(error: KeyboardInterrupt) -> bool:
    """Whether code raised this by itself."""
    return not _heard and not isinstance(error, Stopped)
