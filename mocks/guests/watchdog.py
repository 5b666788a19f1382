"""A watchdog in real time: code that never gives its turn back is stopped, and named."""

from __future__ import annotations

import _thread
import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from seatrial.mocks.guests.alarm import Alarm
from seatrial.mocks.guests.interrupts import Stopped
from seatrial.mocks.guests.owncode import own, told
from seatrial.sim.errors import HarnessError
from seatrial.sim.fences import END

PATIENCE: Final = 10.0
"""Real seconds in which the clock of a run has to move on."""
_LOOKS: Final = 20
_LOOKS_AT_WORK: Final = 2
"""How often at least it looks while every processor works as long as the alarm would let one work."""
_GLANCE: Final = 0.002
_AGAIN: Final = 1.0  # seconds after which whoever did not hear is told again
_BARKS: Final = 15  # after which nothing but the end of the process helps: a loop in C hears nobody
_DEAF: Final = 3
"""Exit code of a process that could not be stopped otherwise: that of an error of the harness."""
_SAMPLES: Final = 200
_CARRIERS: Final = (f"{os.sep}loop.py", str(Path(__file__).with_name("entry.py")))
"""What calls the code under test: the loop, and whoever imports it."""


class Blocked(HarnessError):
    """Code under test kept its turn: it loops, or waits for something that nobody can bring while it waits."""


@contextmanager
def guarded(
    now: Callable[[], float], patience: float = PATIENCE, words: Callable[[str, float], str] | None = None
) -> Iterator[None]:
    """Raises Blocked where the run's clock, in seconds, stands still for so many real seconds.

    A loop in Python is interrupted in any thread, a call that blocks in C only in the main thread; one that nothing
    interrupts ends the process. `words` say what happened, from where the code stood and the patience.
    """
    dog = _Watchdog(now, patience, words)
    cause: BaseException | None = None
    try:
        try:
            dog.start()
            yield
        finally:
            dog.stop()
    except BaseException as error:  # what is stopped on its way out of a wait may end in another error
        if not dog.barked:
            raise
        cause = error
    if dog.barked:  # also where that was swallowed, as destructors do: what came after it says nothing
        raise Blocked(dog.words(dog.barked, patience)) from cause


class _Watchdog:
    """Looks at the clock now and then, in a thread of its own. States: watching, over."""

    def __init__(
        self, now: Callable[[], float], patience: float, words: Callable[[str, float], str] | None = None
    ) -> None:
        self.words = words or _words
        self.barked = ""  # where the code stood that did not move on
        self._barks = 0
        self._now = now
        self._patience = patience
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._mouth = threading.Lock()
        ends = patience + _AGAIN * _BARKS
        self._alarm = Alarm(patience + _AGAIN, ends, self._ring)
        self.pause = min(patience / _LOOKS, ends / (_LOOKS_AT_WORK * (os.cpu_count() or 1)))

    def start(self) -> None:
        self._alarm.set()
        _thread.start_new_thread(self._watch, ())

    def stop(self) -> None:
        self._over.set()
        self._alarm.off()
        with self._mouth:
            pass  # who has come to the end is not told to any more
        _hear()

    def _watch(self) -> None:
        seen, since = self._now(), 0.0
        pause = self.pause
        while not self._over.wait(pause):
            self._alarm.wind_up()
            now = self._now()
            seen, since = (now, 0.0) if now != seen else (seen, since + pause)
            if since >= self._patience:
                where = self._where()
                with self._mouth:
                    if not self._over.is_set():
                        self._bark(where)
                since = self._patience - _AGAIN

    def _bark(self, where: str) -> None:
        self.barked = self.barked or where
        self._barks += 1
        if self._barks > _BARKS:
            sys.stderr.write(
                f"error: {self.words(self.barked, self._patience)} · nothing could stop it: the process ends\n"
            )
            sys.stderr.flush()
            END(_DEAF)
        if self._barks == 1 or self._watched != threading.main_thread().ident:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._watched), ctypes.py_object(Stopped))
        else:  # it did not hear: it waits in C, which only a signal ends
            signal.pthread_kill(self._watched, signal.SIGINT)

    def _ring(self, frame: FrameType | None) -> None:
        """This thread was never given its turn to look."""
        frames = _own_frames(frame)
        if frames:
            self.barked = self.barked or told(frames)
            raise Stopped

    def _where(self) -> str:
        """Where the watched thread stands; looked at more than once, for it may be between two steps."""
        for _ in range(_SAMPLES):
            frames = _own_frames(sys._current_frames().get(self._watched))  # noqa: SLF001 (documented)
            if frames:
                return told(frames)
            self._over.wait(_GLANCE)
        return "no code of its own: it waits for what is ready already"


def _hear() -> None:
    """Where a function begins, Python raises what this thread was told: within the guard, or nowhere."""


def _words(where: str, patience: float) -> str:
    return (
        f"the integration kept its turn: no virtual second passed in {patience:g} real ones · it stood in {where} · "
        "in every loop wait for something that takes time (await asyncio.sleep, a queue or an event; time.sleep in "
        "synchronous code), and call nothing that blocks"
    )


def _own_frames(frame: FrameType | None) -> list[traceback.FrameSummary]:
    """The frames of the code under test: what was called, without what carries it.

    A greenlet has a stack of its own, without the loop.
    """
    stack = traceback.extract_stack(frame) if frame is not None else []
    inner = max((place for place, each in enumerate(stack) if each.filename.endswith(_CARRIERS)), default=-1)
    return own(stack[inner + 1 :])
