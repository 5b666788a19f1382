"""Signals by which somebody wants what is under way to stop, in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from seatrial.mocks.guests.interrupts import Stopped

_HANG_UP: Final = "SIGHUP"
"""There is no such thing on every system."""


def stop_signals() -> tuple[signal.Signals, ...]:
    """Ctrl-C, SIGTERM, and a terminal that goes away, unless whoever started us wants us to outlive that (nohup)."""
    asked = (signal.SIGINT, signal.SIGTERM)
    hang_up = [each for each in signal.Signals if each.name == _HANG_UP]
    return (*asked, *(each for each in hang_up if signal.getsignal(each) is not signal.SIG_IGN))


@contextmanager
def terminable() -> Iterator[None]:
    """Whoever sends another signal to stop means what Ctrl-C means at that moment.

    A signal that somebody hears already, or that we are to outlive, stays his; so do all where this is not the first
    thread, which alone hears signals.
    """
    first = threading.current_thread() is threading.main_thread()
    ours = [each for each in stop_signals() if first and signal.getsignal(each) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _as_ctrl_c)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _as_ctrl_c(_number: int, frame: FrameType | None) -> None:
    """Whoever hears Ctrl-C hears this; nobody does in the background of a shell's script."""
    heard = signal.getsignal(signal.SIGINT)
    if not callable(heard):
        raise Stopped
    heard(signal.SIGINT, frame)
