"""Where full pages of evidence go: numbered Parquet parts in a folder, or tables in memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import polars as pl

from seatrial.sim.errors import HarnessError
from seatrial.sim.rows import SCHEMA, empty_frame

PART_NAME: Final = re.compile(r"part-([0-9]{5,})\.parquet")
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


class Salvage(NamedTuple):
    """What of a folder's evidence can be read: the parts from the first up to the first gap or damage."""

    parts: tuple[Path, ...] = ()
    """Parts in order."""
    rows: int = 0
    """Rows in them."""
    damage: str = ""
    """Which part is missing or damaged, in one sentence; empty when none is."""


NOTHING: Final = Salvage()
"""What a run has before its first part."""


def salvage(folder: Path) -> Salvage:
    """Look at the parts of a folder without reading their rows."""
    found = [match for path in folder.glob("part-*") if (match := PART_NAME.fullmatch(path.name))]
    parts: list[Path] = []
    rows = 0
    for number, there in enumerate(sorted(int(match[1]) for match in found)):
        name = part_name(number)
        if there != number:
            return Salvage(tuple(parts), rows, f"{name} is missing, the parts after it are skipped")
        height = _height(folder / name)
        if isinstance(height, str):
            after = ", the parts after it too" if number + 1 < len(found) else ""
            return Salvage(tuple(parts), rows, f"{name} {height} and is skipped{after}")
        parts.append(folder / name)
        rows += height
    return Salvage(tuple(parts), rows)


def _height(part: Path) -> int | str:
    """Rows of a part by its footer, which is the last that is written of it; else what is wrong with it."""
    try:
        scan = pl.scan_parquet(part, glob=False)
        if dict(scan.collect_schema()) != SCHEMA:
            return "has not the columns of this version of Seatrial"
        return int(scan.select(pl.len()).collect().item())
    except (OSError, pl.exceptions.PolarsError):
        return "is truncated or damaged"


def scan_parts(paths: list[Path]) -> pl.LazyFrame:
    """The parts as one table in the order of the list."""
    return pl.scan_parquet(paths, glob=False, schema=SCHEMA) if paths else empty_frame().lazy()
