"""Cycle time: how long a shopper waits for the whole order."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.findings import FIRST_KEYS
from seatrial.reports.journeys import order_journeys, parcel_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.percentiles import STATISTICS, spread
from seatrial.reports.reading import Definition, Reading


class CycleTime(Measure):
    """Time from an order to the delivery of its last parcel.

    Formula: per order the latest `shipment.delivered` of its parcels minus `order.placed`, for orders of which every
    parcel was delivered and whose parcels and cancelled units together reach what was placed; the others are no
    samples. Percentiles by nearest rank, p95 of at least 20 and p99 of at least 100 samples; of all orders and by
    channel. Unit: s. Source: event rows. Known as: order fulfilment cycle time (SCOR RS.1.1).
    """

    group = "orders"
    defines = tuple(
        Definition(
            name=f"cycle_time.{part}{statistic}",
            unit="s",
            better="lower",
            meaning=f"{statistic} of the time from an order to its last delivery{words}",
            subject="order",
        )
        for part, words in (("", ""), ("*.", ", of one channel"))
        for statistic in STATISTICS
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Spread over all orders, and over those of each channel."""
        orders = self._whole(log)
        yield from self._spread("cycle_time", orders)
        for channel in orders["partner"].unique().sort():
            yield from self._spread(f"cycle_time.{channel}", orders.filter(pl.col("partner") == channel))

    def _whole(self, log: Logbook) -> pl.DataFrame:
        """Orders that arrived as a whole, and how long that took."""
        delivered = pl.col("delivered")
        arrived = (
            log.derived(parcel_journeys)
            .group_by("correlation")
            .agg(delivered.max(), delivered.is_null().any().alias("missing"), pl.col("units").sum().alias("sent"))
            .filter(~pl.col("missing"))
        )
        gone = log.event("cancellation.accepted").group_by("correlation").agg(pl.col("quantity").sum().alias("gone"))
        orders = log.derived(order_journeys).select("correlation", "placed", "units", pl.col("partner").cast(pl.String))
        joined = orders.join(arrived, on="correlation", maintain_order="left").join(
            gone, on="correlation", how="left", maintain_order="left"
        )
        whole = joined.filter(pl.col("sent") + pl.col("gone").fill_null(0) >= pl.col("units"))
        return whole.select("correlation", "partner", (pl.col("delivered") - pl.col("placed")).alias("took"))

    def _spread(self, name: str, orders: pl.DataFrame) -> Iterable[Reading]:
        longest = orders.sort("took", descending=True, maintain_order=True)["correlation"].head(FIRST_KEYS)
        return spread(name, orders["took"], self.reading, keys=longest.to_list())
