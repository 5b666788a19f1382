"""Rows order by order: all that belongs to one order together, for long runs in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import polars as pl

from seatrial.reports.logbook import Logbook
from seatrial.sim.rows import SCHEMA

_TOGETHER: Final = 131_072
"""Rows, about, of the orders that are read together."""


class Line(NamedTuple):
    """One row of evidence as it stands there (see `docs/evidence.md`); time and latency in microseconds."""

    number: int
    time: int
    kind: str
    partner: str
    operation: str
    document: str
    key: str
    correlation: str
    attempt: int
    outcome: str
    status: int
    latency: int
    document_id: str
    quantity: int
    amount: int
    rule: str
    code: str

    @property
    def begin(self) -> int:
        """When it began: a call before its end, anything else at its time."""
        return self.time - self.latency


def by_order(log: Logbook) -> Iterator[tuple[str, list[Line]]]:
    """Every order with its rows, in the order of their first rows.

    Orders that follow each other lie in parts that follow each other, so each group of them is read from its own
    stretch of the evidence.
    """
    rows = log.rows.filter(pl.col("correlation") != "")
    number = pl.col("number")
    places = rows.group_by("correlation").agg(
        number.min().alias("first"), number.max().alias("last"), pl.len().alias("size")
    )
    groups = places.sort("first").collect().with_columns((pl.col("size").cum_sum() // _TOGETHER).alias("group"))
    for group in groups.partition_by("group", maintain_order=True):
        stretch = rows.filter(number.is_between(group["first"].min(), group["last"].max()))
        mine = stretch.join(group.lazy().select("correlation", "first"), on="correlation").sort("first", "number")
        lines = map(Line._make, mine.select(list(SCHEMA)).collect().iter_rows())
        yield from ((order, list(its)) for order, its in groupby(lines, attrgetter("correlation")))


def of_no_order(log: Logbook, *kinds: str) -> Iterator[Line]:
    """Rows of some kinds that belong to no order, such as a poll for new ones."""
    for page in log.pages():
        rows = page.filter((pl.col("correlation") == "") & pl.col("kind").is_in(kinds))
        yield from map(Line._make, rows.iter_rows())
