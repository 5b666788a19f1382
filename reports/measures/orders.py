"""Orders: how many came to their end."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.journeys import order_journeys, parcel_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Orders(Measure):
    """Orders that were placed, and what share of them is done.

    Formula: an order is completed when it was rejected, or when the units of its parcels that left and its cancelled
    units together reach what was placed, and every such parcel is confirmed on the channel and invoiced.
    `orders.completed_share` is completed divided by placed. Unit: orders, share. Source: event rows. Known as: order
    completion rate.
    """

    group = "orders"
    defines = (
        Definition(name="orders.placed", unit="orders", meaning="orders that shoppers placed"),
        Definition(name="orders.completed", unit="orders", better="higher", meaning="orders that are done"),
        Definition(
            name="orders.completed_share", unit="share", better="higher", meaning="orders done, of those placed"
        ),
        Definition(name="orders.cancelled", unit="orders", meaning="orders cancelled, wholly or in part"),
        Definition(name="orders.backordered", unit="orders", better="lower", meaning="orders that waited for stock"),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Follow every order to its end."""
        orders = log.derived(order_journeys)
        done = self._done(log, orders)
        left = orders.join(done, on="correlation", how="anti", maintain_order="left")["correlation"].head(5).to_list()
        count = orders.height
        yield self.reading("orders.placed", float(count), count)
        yield self.reading("orders.completed", float(done.height), count, keys=left)
        share, detail = (done.height / count, "") if count else (None, "no orders")
        yield self.reading("orders.completed_share", share, count, detail=detail, keys=left)
        for stage in ("cancelled", "backordered"):
            yield self.reading(f"orders.{stage}", float(orders[stage].drop_nulls().len()), count)

    def _done(self, log: Logbook, orders: pl.DataFrame) -> pl.DataFrame:
        told = pl.col("confirmed").is_not_null() & pl.col("invoiced").is_not_null()
        parcels = log.derived(parcel_journeys).with_columns(told.alias("told"))
        sent = parcels.group_by("correlation").agg(pl.col("units").sum().alias("sent"), pl.col("told").all())
        gone = log.event("cancellation.accepted").group_by("correlation").agg(pl.col("quantity").sum().alias("gone"))
        joined = orders.join(sent, on="correlation", how="left").join(gone, on="correlation", how="left")
        settled = pl.col("sent").fill_null(0) + pl.col("gone").fill_null(0) >= pl.col("units")
        return joined.filter(pl.col("rejected").is_not_null() | (settled & pl.col("told").fill_null(True)))
