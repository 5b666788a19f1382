"""CSV: the whole evidence as one table."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from seatrial.reports.facts import Facts
from seatrial.reports.format import Format
from seatrial.reports.logbook import Logbook, empty_logbook


class Csv(Format):
    """Every row of evidence as a line of CSV, with the columns of `docs/evidence.md`: for spreadsheets and databases.

    The first line names the columns. `time` and `latency` are whole microseconds, amounts minor units. An empty text
    is `""`; no cell is null.
    """

    suffix: ClassVar[str] = ".csv"

    def write(self, log: Logbook, facts: Facts, out: BinaryIO) -> None:
        """The line of names, then the rows."""
        out.write(empty_logbook().rows.collect().write_csv().encode())
        for page in log.pages():
            out.write(page.write_csv(include_header=False).encode())
