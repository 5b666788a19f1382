"""Duplicates: documents that live more than once."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.documents import CLASSES, FLOW
from seatrial.reports.facts import Facts
from seatrial.reports.kept_back import orders_struck
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.tally import per_class, tally


def _define(document: str) -> Definition:
    words = document.replace("_", " ")
    return Definition(
        name=f"duplicates.{document}",
        unit="documents",
        better="lower",
        meaning=f"live copies of one {words} beyond the first under its business key",
        code=f"DUPLICATE_{document.upper()}",
        title=f"more than one {words} lives under its business key",
        subject="double",
        document=document,
        part_of="duplicates.total" if document in FLOW else "",
    )


class Duplicates(Measure):
    """Live documents beyond the first per business key, at the end of the run.

    Formula: per class the sum over business keys of max(0, created - reversed - 1). Unit: documents. Source: commit
    rows of all partners; copies that were reversed again count as `healed`, not here. Known as: duplicates, in a queue
    as Jepsen checks it.
    """

    group = "headline"
    defines = (
        *(_define(document) for document in CLASSES),
        Definition(
            name="duplicates.total",
            unit="documents",
            better="lower",
            meaning="duplicates of the flow's classes together",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count live copies beyond the first."""
        made = log.derived(tally).filter(pl.col("created") > 0)
        copies = made.filter(pl.col("live") > 1).with_columns((pl.col("live") - 1).alias("count"))
        yield from per_class("duplicates", copies, self.reading, made, CLASSES, strikes=orders_struck(log, facts.feeds))
