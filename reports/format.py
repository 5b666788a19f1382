"""The shape of a format: one way to hand a run to other programs, in one file of `reports/formats/`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import BinaryIO, ClassVar

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import HarnessError


class Format(ABC):
    """Base of every format; its docstring says what it holds and which programs read it.

    `write` puts a run on a stream, page by page: no run has to be in memory row by row. The same evidence gives the
    same bytes. A run without rows is one, too. What the stream raises (a full disk, a reader that went away) is
    passed on.
    """

    suffix: ClassVar[str]
    """How names of such files end: `.csv`."""

    @abstractmethod
    def write(self, log: Logbook, facts: Facts, out: BinaryIO) -> None:
        """Write one run."""


def format_named(name: str) -> Format:
    """A format of the catalogue. Raises UnknownName for one that is not there, HarnessError for one that is none."""
    kind = Catalogue("formats").get(name)
    if not issubclass(kind, Format):
        raise HarnessError(f"{kind.__module__}.{kind.__name__} is no Format · derive it from seatrial.reports.format")
    return kind()
