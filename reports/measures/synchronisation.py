"""Synchronisation: how long a change of stock takes to reach those who have to know of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from seatrial.reports.curves import available, sku_names
from seatrial.reports.facts import Facts
from seatrial.reports.findings import FIRST_KEYS
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.percentiles import STATISTICS, spread
from seatrial.reports.reading import Definition, Reading

_WAYS: Final = {
    "erp": "from a warehouse's telling of a movement to the ERP's posting of it",
    "channels": "from a change of what is available of a SKU to all channels having its level",
}


class Synchronisation(Measure):
    """Time from a change in a warehouse until ERP and channels know of it.

    Formula: `erp`: per movement number the first posting of it (commit row of `movement`) minus the moment at which the
    warehouse first sent it (time - latency of its first delivery); what was shipped is booked with its shipment
    (`latency.shipped_to_posted`). `channels`: per `inventory.synchronised` of a SKU its time minus the first change of
    on hand - allocated, over all warehouses, since the one before; none where the integration writes no such event.
    What never got there is no sample. Percentiles by nearest rank, p95 of at least 20 and p99 of at least 100 samples.
    Unit: s. Source: webhook, commit, stock and event rows. Known as: inventory synchronisation latency.
    """

    group = "stock"
    defines = tuple(
        Definition(
            name=f"synchronisation.{way}.{statistic}",
            unit="s",
            better="lower",
            meaning=f"{statistic} of the time {words}",
            subject="sku" if way == "channels" else "",
        )
        for way, words in _WAYS.items()
        for statistic in STATISTICS
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Spread of both ways."""
        yield from spread("synchronisation.erp", self._posted(log)["took"], self.reading)
        told = self._told(log)
        slowest = told.sort("took", descending=True, maintain_order=True)["sku"].unique(maintain_order=True)
        yield from spread("synchronisation.channels", told["took"], self.reading, keys=slowest.head(FIRST_KEYS))

    def _posted(self, log: Logbook) -> pl.DataFrame:
        sent = (
            log.webhooks.filter(pl.col("operation") == "inventory.adjusted")
            .group_by("key")
            .agg((pl.col("time") - pl.col("latency")).min().alias("sent"))
        )
        booked = log.commits.filter((pl.col("document") == "movement") & (pl.col("outcome") == "created"))
        posted = booked.group_by("key").agg(pl.col("time").min())
        return posted.join(sent, on="key").select((pl.col("time") - pl.col("sent")).alias("took"))

    def _told(self, log: Logbook) -> pl.DataFrame:
        names = log.derived(sku_names)
        carried = log.event("inventory.synchronised").select(
            pl.col("key").cast(names, strict=False).alias("sku"), "time", "number", pl.lit(True).alias("told")
        )
        changed = log.derived(available).select("sku", "time", "number", pl.lit(False).alias("told"))
        both = pl.concat([carried, changed]).sort("sku", "number")
        turn = pl.col("told").cum_sum().over("sku") - pl.col("told").cast(pl.UInt32)
        rounds = both.group_by("sku", turn.alias("turn"), maintain_order=True).agg(
            pl.col("time").filter(~pl.col("told")).min().alias("began"),
            pl.col("time").filter("told").min().alias("ended"),
        )
        return rounds.select("sku", (pl.col("ended") - pl.col("began")).alias("took")).drop_nulls()
