"""What may end a voyage before its time: a signal, trouble on our side, the end of the integration."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from math import inf
from typing import Any, Final, TypeVar

from seatrial.mocks.wire.child import ending
from seatrial.sim.errors import HarnessError
from seatrial.stop_signals import stop_signals

T = TypeVar("T")
_EVERY: Final = 0.1
"""Real seconds between two looks."""


class Stopped(HarnessError):
    """The run was stopped from outside."""


class Watch:
    """Keeps an eye on a voyage. The first trouble counts, and the first death; later ones follow from them.

    States: all is well, in trouble (what is under way is given up), bereft (the integration has ended: what waits for
    it ends).
    """

    def __init__(self) -> None:
        self.trouble: BaseException | None = None
        self.death: int | None = None
        self._alarm = asyncio.Event()
        self._bereft = asyncio.Event()

    @property
    def obituary(self) -> str:
        """How the integration ended by itself; empty: it lives, or was ended by us."""
        return "" if self.death is None else ending(self.death)

    def fail(self, error: BaseException) -> None:
        """Something went wrong on our side, or somebody wants us to stop."""
        if self.trouble is None:
            self.trouble = error
            self._alarm.set()

    def died(self, code: int) -> None:
        """The integration has ended by itself."""
        if self.death is None:
            self.death = code
            self._bereft.set()

    def check(self) -> None:
        """Raise what went wrong."""
        if self.trouble is not None:
            raise self.trouble

    async def unless_trouble(self, part: Coroutine[Any, Any, T]) -> T:
        """Do a part of the voyage; give it up, and raise, if something goes wrong on our side meanwhile."""
        task, alarm = asyncio.ensure_future(part), asyncio.ensure_future(self._alarm.wait())
        try:
            await asyncio.wait((task, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):  # what it makes of that says nothing new
                    await task
        self.check()
        return task.result()

    async def until(self, over: Callable[[], bool], at_most: float = inf) -> None:
        """Wait for something, but not for ever; the end of the integration ends every waiting."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + at_most
        while not over() and self.death is None and loop.time() < limit:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bereft.wait(), _EVERY)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take a signal as a wish to stop, however often it comes; afterwards it means what it meant."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop, before = asyncio.get_running_loop(), {number: signal.getsignal(number) for number in stop_signals()}
        for number in before:
            loop.add_signal_handler(number, self.fail, Stopped(f"stopped by {number.name}"))
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
