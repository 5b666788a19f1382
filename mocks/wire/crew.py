"""The integration under test as a process of the operating system: it starts, is killed, frozen, and started again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from seatrial.mocks.wire.child import Child, Watcher, ending
from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence


class News(Protocol):
    """Who has to know what becomes of the integration."""

    def died(self, code: int) -> None:
        """It ended by itself, with this exit code; one below zero is a signal."""
        ...

    def fail(self, error: BaseException) -> None:
        """Something went wrong on our side."""
        ...


class Crew:
    """Runs COMMAND, and again after a crash; what it prints goes to one log.

    States: not started, up, down (killed on purpose, to be started again), ended (by itself, or by us). `news` is told
    when a process ended by itself, and whatever goes wrong on our side. Raises BadInput where it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        evidence: Evidence,
        watcher: Watcher,
        pace: float,
        news: News,
    ) -> None:
        self.log = log
        self._command = tuple(command)
        self._evidence = evidence
        self._watcher = watcher
        self._pace = pace
        self._news = news
        self._environment: dict[str, str] = {}
        self._child: Child | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._thawing: asyncio.TimerHandle | None = None

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self._child is not None and self._child.running

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start the process, with these variables besides our own."""
        self._environment = {**os.environ, **environment}
        with suppress(OSError):  # what an earlier run left there would be taken for signs of this one's life
            self.log.unlink()
        await self._start()

    def crash(self, down_for: float) -> None:
        """Kill the process; start it again after `down_for` seconds of business time."""
        if self._child is not None and self.up:
            self._child.kill()
            self._still_until(None)
            self._evidence.note("crash")
            self._restarting = asyncio.get_running_loop().create_task(self._start_again(down_for / self._pace))

    def freeze(self, lasts: float) -> None:
        """Stop the process where it stands, for `lasts` seconds of business time; the longer of two freezes counts."""
        child, until = self._child, asyncio.get_running_loop().time() + lasts / self._pace
        if child is None or not self.up or (self._thawing is not None and self._thawing.when() >= until):
            return
        if self._thawing is None:
            child.freeze()
            self._evidence.note("freeze")
        self._still_until(until)

    async def stop(self) -> None:
        """End the process and all that it started."""
        self._stopping.set()
        self._still_until(None)
        if self._restarting is not None:
            await self._restarting
        if self._child is not None:
            await self._child.stop()

    def last_words(self) -> str:
        """The end of what it printed."""
        return self._child.last_words() if self._child is not None else ""

    async def _start(self) -> None:
        self._child = Child("the integration", self._command, self.log, self._watcher)
        await self._child.start(self._environment, self._over)

    async def _start_again(self, wait: float) -> None:
        """Start the next life. A run that ends meanwhile waits for this: no process is left half started."""
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
                return
            await self._start()
            self._evidence.note("restart")
        except Exception as error:  # noqa: BLE001 (a task nobody waits for: the run has to know)
            self._news.fail(error)

    def _still_until(self, until: float | None) -> None:
        """When the process goes on; None: it is not frozen any more."""
        if self._thawing is not None:
            self._thawing.cancel()
        self._thawing = None if until is None else asyncio.get_running_loop().call_at(until, self._thaw)

    def _thaw(self) -> None:
        self._thawing = None
        if self._child is not None and self.up:
            self._child.thaw()
            self._evidence.note("thaw")

    def _over(self, code: int) -> None:
        self._still_until(None)
        self._news.died(code)
        try:
            self._evidence.note("crash", detail=ending(code))
        except HarnessError as error:
            self._news.fail(error)
