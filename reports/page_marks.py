"""Marks on the time line: what the integration said of itself, kind by kind: crashes, breakers, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from seatrial.reports.charts_scene import Marks
from seatrial.reports.logbook import SECOND
from seatrial.reports.page_run import PageRun

TICKS: Final = 240
"""Ticks of one kind at most: one for each stretch of the axis."""
KINDS: Final = 8
"""Kinds that are shown at most."""
_FIRST: Final = (
    "crash", "restart", "freeze", "thaw", "breaker_opened", "breaker_closed", "dead_letter", "dropped",
    "exception_opened",
)  # fmt: skip
"""What is shown before all else, in this order."""
_NOISE: Final = frozenset(("retry", "replayed", "exception_closed"))
"""What says nothing on a time line: there is too much of it, or it only ends what is shown."""


def marks(runs: Sequence[PageRun], end: float) -> tuple[Marks, ...]:
    """Kinds of notes that any run has, those of the harness and of safeguards first."""
    width = max(1, int(end * SECOND / TICKS))
    slots = [_slots(run, width) for run in runs]
    counts = [dict(_counts(run)) for run in runs]
    names = sorted({name for count in counts for name in count} - _NOISE, key=_rank)
    return tuple(
        Marks(
            name.replace("_", " "),
            tuple(tuple(slot * width / SECOND for slot in each.get(name, ())) for each in slots),
            tuple(count.get(name, 0) for count in counts),
        )
        for name in names[:KINDS]
    )


def _rank(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _counts(run: PageRun) -> list[tuple[str, int]]:
    counted = run.log.notes.group_by("operation").len()
    return list(counted.select(pl.col("operation").cast(pl.String), "len").iter_rows())


def _slots(run: PageRun, width: int) -> dict[str, list[int]]:
    """Stretches of the axis in which each kind was noted."""
    found = run.log.notes.select("operation", (pl.col("time") // width).alias("slot")).unique()
    grouped = found.with_columns(pl.col("operation").cast(pl.String)).sort("slot").group_by("operation").agg("slot")
    return dict(grouped.iter_rows())
