"""Cases: what was put before the business teams, by the integration or by the ERP itself."""

from __future__ import annotations

import polars as pl

from seatrial.reports.logbook import Logbook


def cases(log: Logbook) -> pl.DataFrame:
    """One row per case number: `key`, `team`, `first` row number, and whether it is `closed`.

    A case counts where the integration says that it opened one (it may not have reached the ERP) and where the ERP has
    one (it opens its own for entries that cannot be booked); both under one number are one case.
    """
    said = log.notes.filter(pl.col("operation") == "exception_opened")
    filed = log.event("exception.opened")
    both = pl.concat(
        [
            said.select("key", pl.col("document").cast(pl.String).alias("team"), "number"),
            filed.select("key", pl.col("document_id").alias("team"), "number"),
        ]
    ).sort("number")
    closed = pl.concat(
        [
            log.notes.filter(pl.col("operation") == "exception_closed").select("key"),
            log.event("exception.closed").select("key"),
        ]
    ).unique()
    opened = both.group_by("key", maintain_order=True).agg(
        pl.col("team").first(), pl.col("number").first().alias("first")
    )
    marked = closed.with_columns(pl.lit(True).alias("closed"))
    return opened.join(marked, on="key", how="left", maintain_order="left").with_columns(
        pl.col("closed").fill_null(False)
    )
