"""Tracks: who has which process and thread in a trace of events, and how such an event is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook

ORDERS: Final = 1
"""Process of the orders and of what is counted."""
FAULTS: Final = 2
"""Process of the fault windows."""
_FIRST_PARTNER: Final = 3
BOOKS, EVENTS, NOTES = 1, 2, 3
"""Threads of a partner: documents in its books, business events, notes."""
EMPTY: Final = pl.DataFrame(schema={"number": pl.Int64, "place": pl.Int32, "line": pl.String})
"""No events."""
_THREADS: Final[Mapping[int, str]] = {BOOKS: "documents", EVENTS: "events", NOTES: "notes"}


class Tracks(msgspec.Struct, frozen=True):
    """Process numbers of the partners, in the order in which they first appear, and thread numbers of the rules."""

    partners: dict[str, int]
    """Process of each partner."""
    rules: dict[str, int]
    """Thread of each fault rule among the faults."""

    @classmethod
    def of(cls, log: Logbook) -> Tracks:
        """The tracks of a run."""
        first = log.rows.filter(pl.col("kind") != "phase").group_by("partner").agg(pl.col("number").min())
        names = first.sort("number").collect()["partner"].to_list()
        rules = sorted({str(rule) for rule in log.faults["rule"].unique() if rule})
        return cls(
            {name: _FIRST_PARTNER + place for place, name in enumerate(names)},
            {rule: 1 + place for place, rule in enumerate(rules)},
        )

    def names(self, facts: Facts) -> Iterator[str]:
        """What the processes and threads are called, as written events."""
        shown = {"orders": ORDERS, "faults": FAULTS} | self.partners
        for name, process in shown.items():
            yield _meta("process_name", process, 0, {"name": name})
            yield _meta("process_sort_index", process, 0, {"sort_index": process})
        for rule, thread in self.rules.items():
            yield _meta("thread_name", FAULTS, thread, {"name": f"strikes of {rule}"})
        for process in self.partners.values():
            for thread, name in _THREADS.items():
                yield _meta("thread_name", process, thread, {"name": name})


def process_of(tracks: Tracks) -> pl.Expr:
    """The process of the partner that wrote a row."""
    return pl.col("partner").replace_strict(tracks.partners, default=ORDERS, return_dtype=pl.Int64).alias("pid")


def written(rows: pl.DataFrame, place: int, **members: pl.Expr) -> pl.DataFrame:
    """Each row as one event, written: its `number`, its `place` among what is written of that row, the `line`."""
    line = pl.struct([value.alias(name) for name, value in members.items()]).struct.json_encode()
    return rows.select("number", pl.lit(place).alias("place"), line.alias("line"))


def lines_of(events: Iterable[pl.DataFrame]) -> str:
    """Written events in the order of their rows, one a line with commas between; empty where there are none."""
    ordered = pl.concat([EMPTY, *events]).sort("number", "place", maintain_order=True)
    return str(ordered["line"].str.join(",\n").item()) if ordered.height else ""


def _meta(name: str, process: int, thread: int, args: Mapping[str, object]) -> str:
    return msgspec.json.encode({"name": name, "ph": "M", "pid": process, "tid": thread, "args": args}).decode()
