"""Who makes the runs of a suite: takes jobs as long as a hand is free, and tells what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from seatrial.suite_job import Done, Job

LOCAL: Final = "local"
"""Address that stands for a Dask cluster on this machine."""


class Further(msgspec.Struct, frozen=True):
    """A run has come further."""

    number: int
    """Which run."""
    share: float
    """How much of it is over, from 0 to 1."""


class Ended(msgspec.Struct, frozen=True):
    """A run is over."""

    number: int
    """Which run."""
    done: Done
    """What became of it."""


class Crew(Protocol):
    """Makes runs, several at a time. States: begun, stopped.

    A hand that dies costs the run that it was at, and no other. Raises HarnessError where no hand can be had at all.
    """

    @property
    def about(self) -> str:
        """Who they are, in words."""
        ...

    def free(self) -> int:
        """How many runs they can take right now; whoever is missing is replaced."""
        ...

    def take(self, number: int, job: Job, folder: Path) -> None:
        """Begin a run; its folder is written to by then and nobody else's."""

    def news(self, patience: float) -> Sequence[Further | Ended]:
        """What has happened, waiting so many seconds for something to happen."""
        ...

    def stop(self) -> None:
        """Give up what is under way, at once, and leave nothing running; may be called twice."""
