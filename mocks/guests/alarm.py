"""An alarm of the operating system, for code in C that lets no other thread have its turn: a regular expression that
tries every way through a text, a sum without an end.
"""

from __future__ import annotations

import faulthandler
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic  # noqa: TID251 (the machine's time is what is watched)
from types import FrameType
from typing import Final

_HAS_TIMERS: Final = hasattr(signal, "setitimer")
"""Not every system has them."""
_EVERY: Final = 1.0
_STDERR: Final = 2


class Alarm:
    """Rings when the process has worked for `first` seconds in which nobody wound it up. States: new, set, off.

    It calls `ring` with the frame of the main thread, which hears that where its C code looks for signals, as regular
    expressions do; then again every second. When the process has worked for `last` seconds, its stack is printed and it
    ends (SIGPROF): code that looks for no signals can be stopped by nothing else. Who has one of these timers already,
    as a profiler does, keeps it, and there is no alarm of that kind.
    """

    def __init__(self, first: float, last: float, ring: Callable[[FrameType | None], object]) -> None:
        self._first = first
        self._last = last
        self._ring = ring
        self._lock = threading.Lock()
        self._wound = 0.0
        self._is_set = self._is_late = False
        self._rings = self._ends = False

    def set(self) -> None:
        """Begin, in the thread that is watched."""
        if not _HAS_TIMERS:
            return
        if _is_free(signal.SIGVTALRM, signal.ITIMER_VIRTUAL):
            with suppress(ValueError):  # only the main thread hears signals
                signal.signal(signal.SIGVTALRM, self._hear)
                self._rings = True
        if _is_free(signal.SIGPROF, signal.ITIMER_PROF):
            faulthandler.register(signal.SIGPROF, file=_STDERR, all_threads=not self._rings, chain=True)
            self._ends = True
        self._is_set, self._wound = True, monotonic()
        self.wind_up()

    def wind_up(self) -> None:
        """All is well: count anew, from any thread."""
        with self._lock:  # nothing is wound up that is off
            now = monotonic()
            self._is_late = not self._is_late and now - self._wound >= self._first
            if self._is_set and not self._is_late:  # who comes too late lets it ring once: this is its moment
                self._wound = now
                self._turn(self._first, self._last)

    def off(self) -> None:
        """No more, in the thread that set it."""
        self._is_set = False  # from here on nothing is heard
        with self._lock:
            self._turn(0.0, 0.0)
        if self._rings:
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        if self._ends:
            faulthandler.unregister(signal.SIGPROF)
        self._rings = self._ends = False

    def _turn(self, first: float, last: float) -> None:
        if self._rings:
            signal.setitimer(signal.ITIMER_VIRTUAL, first, _EVERY if first else 0.0)
        if self._ends:
            signal.setitimer(signal.ITIMER_PROF, last)

    def _hear(self, _: int, frame: FrameType | None) -> None:
        if self._is_set and monotonic() - self._wound >= self._first:  # many threads work a second in less than one
            self._ring(frame)


def _is_free(number: int, timer: int) -> bool:
    return signal.getsignal(number) is signal.SIG_DFL and signal.getitimer(timer) == (0.0, 0.0)
