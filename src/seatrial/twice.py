"""The same voyage once more: code of yours that does not do the same twice is told where it went another way."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import polars as pl

from seatrial.own_process import marked
from seatrial.sim.errors import HarnessError
from seatrial.sim.runfolder import RunFolder
from seatrial.sim.units import format_duration

OTHER_HASHES: Final = "4242"
"""PYTHONHASHSEED of the second process; `OTHERWISE` where this one has it."""
OTHERWISE: Final = "17"
_SECOND: Final = 1_000_000
_MILLIS, _MICROS = 3, 6
"""Digits of a second by which two times are told apart."""
_SHOWN: Final = ("kind", "partner", "operation", "key", "attempt", "outcome", "status", "document_id")
_SAID: Final = 300
"""Letters of what a process that failed said last."""
_logger: Final = logging.getLogger("seatrial")
_CHILD: Final = (
    "import sys; from seatrial.sail_again import sail_again_and_end; sail_again_and_end(sys.stdin.buffer.read())"
)


class Diverged(HarnessError):
    """The integration did not do the same twice: no seed of it can be repeated, so nothing it does can be judged."""


class Again(msgspec.Struct, frozen=True):
    """A voyage, as another process is asked for it."""

    scenario: str
    """Its document, as YAML."""
    source: str
    """Where that came from."""
    seed: int
    """Seed."""
    integration: str
    """How another process finds the integration; empty: it cannot."""
    out: str = ""
    """Run folder to write."""


def check_same(first: pl.DataFrame, asked: Again, here: Callable[[], pl.DataFrame]) -> None:
    """Sail again, and raise Diverged at the first row that is another.

    In another process with other hashes where that can find the integration, else `here`, in this one.
    """
    second = _in_another_process(asked) if asked.integration else None
    another = second is not None
    second = second if second is not None else here()
    row = first_difference(first, second)
    if row is not None:
        raise Diverged(_words(first, second, row, asked, another=another))


def first_difference(first: pl.DataFrame, second: pl.DataFrame) -> int | None:
    """Number of the first row in which two logs differ; None where they are the same."""
    both = min(first.height, second.height)
    apart = first.head(both).hash_rows() != second.head(both).hash_rows()
    place = apart.arg_max() if apart.any() else None
    if place is None and first.height != second.height:
        return both
    return place


def _in_another_process(asked: Again) -> pl.DataFrame | None:
    """Its log; None, said aloud, where it cannot sail this: it may know neither the code nor a fault made here."""
    with TemporaryDirectory(prefix="seatrial-") as folder:
        asked = msgspec.structs.replace(asked, out=str(Path(folder) / "run"))
        done = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=msgspec.json.encode(asked),
            capture_output=True,
            env=_environment(os.environ),
            check=False,
        )
        if done.returncode == 0:
            return RunFolder.open(Path(asked.out)).frame()
    said = (done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    _logger.warning(
        "another process could not repeat the voyage (%s): it was repeated in this one, where nothing that goes by "
        "hashes is found",
        said[:_SAID],
    )
    return None


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    hashes = OTHERWISE if ours.get("PYTHONHASHSEED") == OTHER_HASHES else OTHER_HASHES
    paths = os.pathsep.join(path for path in sys.path if path)
    return marked({**ours, "PYTHONHASHSEED": hashes, "PYTHONPATH": paths})


def _words(first: pl.DataFrame, second: pl.DataFrame, row: int, asked: Again, *, another: bool) -> str:
    why = "a global that outlived the first, id()"
    if another:
        why = "the order of a set, a hash, id(), a real clock, or what this process alone has, such as a monkeypatch"
    return (
        f"the integration did not do the same twice (seed {asked.seed}): {_parted(first, second, row)} · something "
        f"decides that is another each time ({why}): sort before you loop over a set, keep no state in a "
        "module, draw from `random` only"
    )


def _parted(first: pl.DataFrame, second: pl.DataFrame, row: int) -> str:
    """How the first row that is another differs: as a whole, or in columns such as its time."""
    when = next((log["time"][row] for log in (first, second) if row < log.height), 0)
    here, there = _row(first, row), _row(second, row)
    if here != there:
        return f"at {format_duration(when / _SECOND)}, row {row}, it was {here}, and then {there}"
    one, two = first.row(row, named=True), second.row(row, named=True)
    apart = [_column(each, one[each], two[each]) for each in one if one[each] != two[each]]
    return f"row {row} {' and '.join(apart)} ({here})"


def _column(name: str, one: object, two: object) -> str:
    words = {"time": "came at", "latency": "took"}
    if name not in words or not isinstance(one, int) or not isinstance(two, int):
        return f"had {name} {one}, and then {two}"
    digits = _MILLIS if abs(one - two) >= _SECOND // 10**_MILLIS else _MICROS
    return f"{words[name]} {one / _SECOND:.{digits}f} s, and then {two / _SECOND:.{digits}f} s"


def _row(log: pl.DataFrame, row: int) -> str:
    if row >= log.height:
        return "over"
    values = log.row(row, named=True)
    return " ".join(str(values[name]) for name in _SHOWN if values[name] not in ("", 0))
