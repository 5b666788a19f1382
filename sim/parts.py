"""Where full pages of evidence go: numbered Parquet parts in a folder, or tables in memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from seatrial.sim.errors import HarnessError
from seatrial.sim.rows import SCHEMA, empty_frame

PART_NAME: Final = re.compile(r"part-\d{5,}\.parquet")
UNFINISHED: Final = ".unfinished"
"""Suffix of a file that is still being written."""


def part_name(number: int) -> str:
    """The file name of a part, from 0."""
    return f"part-{number:05d}.parquet"


class Parts(Protocol):
    """Takes pages of evidence in their order and gives them back."""

    count: int

    def write(self, frame: pl.DataFrame) -> None:
        """Keep the next page; raises HarnessError when it cannot be kept."""

    def scan(self) -> pl.LazyFrame:
        """All pages kept so far, as one table that is read when it is asked for."""
        ...


class MemoryParts:
    """Keeps pages in memory: for searches and tests."""

    def __init__(self) -> None:
        self.count = 0
        self._pages: list[pl.DataFrame] = []

    def write(self, frame: pl.DataFrame) -> None:
        """Keep the next page."""
        self._pages.append(frame)
        self.count += 1

    def scan(self) -> pl.LazyFrame:
        """All pages kept so far."""
        return pl.concat([empty_frame(), *self._pages]).lazy()


class FileParts:
    """Writes each page as one Parquet file, under its own name only once it is whole.

    Raises HarnessError when the disk refuses; the parts already written stay readable.
    """

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self._folder = folder

    def write(self, frame: pl.DataFrame) -> None:
        """Write the next part."""
        path = self._folder / part_name(self.count)
        unfinished = path.with_name(path.name + UNFINISHED)
        try:
            frame.write_parquet(unfinished, compression="zstd", compression_level=1)
            unfinished.replace(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            unfinished.unlink(missing_ok=True)
            raise HarnessError(
                f"cannot write evidence: {path} · {error} · {self.count} parts before it are kept and can be read · "
                "make room or choose another folder, then run again"
            ) from error
        self.count += 1

    def scan(self) -> pl.LazyFrame:
        """All parts written so far."""
        return scan_parts([self._folder / part_name(number) for number in range(self.count)])


def scan_parts(paths: list[Path]) -> pl.LazyFrame:
    """The parts as one table in the order of the list."""
    return pl.scan_parquet(paths, glob=False, schema=SCHEMA) if paths else empty_frame().lazy()
