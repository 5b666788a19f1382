"""A process that makes runs, one after the other: what it does, and what its owner sees of it."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator
from math import inf
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final

from seatrial.own_process import obituary, redirect, started
from seatrial.sim.fences import END
from seatrial.suite_crew import Ended, Further
from seatrial.suite_job import Done, Job, carry_out, failed, overdue

READY: Final = "ready"
_EVERY: Final = 0.5
"""Real seconds between two reports of how far a run is."""


class Hand:
    """A process with a pipe. States: starting, free, at work, gone."""

    def __init__(self, context: SpawnContext, log: Path, threads: int) -> None:
        self._log = log
        self.pipe, theirs = context.Pipe()
        self.process = started(context, _work, theirs, str(log), name="seatrial suite", threads=threads)
        theirs.close()
        self.is_ready = False
        self.number: int | None = None
        self._due = inf
        self._late: Done | None = None

    @property
    def is_free(self) -> bool:
        """Whether it can begin a run."""
        return self.is_ready and self.number is None

    def begin(self, number: int, job: Job, folder: Path) -> None:
        """Have it make a run."""
        self.number = number
        self._job, self._due = job, monotonic() + (job.timeout or inf)
        self.pipe.send((number, job, folder))

    def hurry(self) -> None:
        """End it if its run has taken too long."""
        if self.number is not None and monotonic() > self._due:
            self._late = overdue(self._job)
            self.kill()

    def heard(self) -> Iterator[Further | Ended]:
        """What it has said since; a broken pipe says nothing more."""
        try:
            while self.pipe.poll():
                said = self.pipe.recv()
                if said == READY:
                    self.is_ready = True
                    continue
                if isinstance(said, Ended):
                    self.number = None
                yield said
        except (EOFError, OSError):
            return

    @property
    def left(self) -> Done:
        """What became of the run that it was at when it ended."""
        return self._late or failed(self.obituary)

    @property
    def obituary(self) -> str:
        """How it died, and what it said last."""
        return f"the process that made the run {obituary(self.process, self._log)}"

    def kill(self) -> None:
        """End it at once."""
        if self.process.is_alive():
            self.process.kill()

    def bury(self) -> None:
        """Wait until nothing is left of it."""
        self.process.join()
        self.pipe.close()


class _Teller:
    """Tells the owner how far a run is; ends the process if there is no owner any more."""

    def __init__(self, pipe: Connection, number: int) -> None:
        self._pipe = pipe
        self._number = number
        self._owner = os.getppid()
        self._told = perf_counter()

    def __call__(self, now: float, total: float, orders: int) -> None:
        if os.getppid() != self._owner:
            END(1)
        if perf_counter() - self._told >= _EVERY:
            self._told = perf_counter()
            self._pipe.send(Further(self._number, now / total))


def _work(pipe: Connection, log: str) -> None:
    """Make runs until the owner closes the pipe."""
    redirect(log)
    faulthandler.enable()
    pipe.send(READY)
    try:
        while True:
            number, job, folder = pipe.recv()
            os.truncate(log, 0)
            pipe.send(Ended(number, carry_out(job, folder, _Teller(pipe, number))))
    except (EOFError, OSError):
        return
