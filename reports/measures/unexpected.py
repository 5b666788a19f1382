"""Unexpected: documents that nobody asked for and nothing owes."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.documents import FLOW
from seatrial.reports.facts import Facts
from seatrial.reports.kept_back import orders_struck
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.obligations import ever_owed
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.tally import per_class, tally


def _define(document: str) -> Definition:
    words = document.replace("_", " ")
    return Definition(
        name=f"unexpected.{document}",
        unit="documents",
        better="lower",
        meaning=f"live {words} that nobody asked for and nothing owes",
        code=f"UNEXPECTED_{document.upper()}",
        title=f"a {words} lives that nobody asked for",
        subject="double",
        document=document,
        part_of="unexpected.total",
    )


class Unexpected(Measure):
    """Documents that live at the end of the run although no call asked for them and nothing that happened owes them.

    Formula: per class the number of business keys with a live document, without a call and without an obligation; for
    parcels, which no call makes, those of orders that no warehouse was ever given. Unit: documents. Source: commit,
    call and event rows.
    """

    group = "documents"
    defines = (
        *(_define(document) for document in FLOW),
        Definition(
            name="unexpected.total", unit="documents", better="lower", meaning="unexpected documents of all classes"
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count live keys that have no reason."""
        alive = log.derived(tally).filter(pl.col("live") > 0)
        released = alive.filter(pl.col("document") == "fulfilment").select("correlation").unique()
        parcels = alive.filter(pl.col("document") == "parcel").join(released, on="correlation", how="semi")
        due = pl.concat([each.select("document", "key") for each in (log.derived(ever_owed), parcels)])
        rest = alive.filter(~pl.col("attempted")).join(due, on=["document", "key"], how="anti", maintain_order="left")
        rows, strikes = rest.with_columns(pl.lit(1).alias("count")), orders_struck(log, facts.feeds)
        yield from per_class("unexpected", rows, self.reading, alive, strikes=strikes)
