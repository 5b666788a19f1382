"""JSON lines: the whole evidence, an object for each row."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from seatrial.reports.facts import Facts
from seatrial.reports.format import Format
from seatrial.reports.logbook import Logbook


class Jsonl(Format):
    """Every row of evidence as a line of JSON, with the columns of `docs/evidence.md`: for jq and log stores."""

    suffix: ClassVar[str] = ".jsonl"

    def write(self, log: Logbook, facts: Facts, out: BinaryIO) -> None:
        """The rows, one after the other."""
        for page in log.pages():
            out.write(page.write_ndjson().encode())
