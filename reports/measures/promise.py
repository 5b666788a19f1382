"""Promise: whether goods left when the shopper had been told they would."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.journeys import order_journeys, parcel_journeys
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Promise(Measure):
    """Orders whose first parcel left by the date that the channel had promised.

    Formula: kept orders divided by orders with a promise that fell due: those that shipped, and those that did not
    ship, were not cancelled or rejected, and whose date passed before the end of the run.
    `promise.kept_share` holds the first promise against the first dispatch, `promise.renewed_share` the last promise
    made before it: a back-order that was given a new date and kept it counts there. `promise.in_full_share`: those of
    which by the first promise all units had left that were placed and not cancelled, divided by the same as
    `promise.kept_share`. Unit: share. Source: `order.promised` event rows (the second of the run stands in
    document_id), `shipment.dispatched` event rows. Known as: order-promise accuracy, delivery performance to customer
    commit date (SCOR RL.2.2); `promise.in_full_share` is on time in full, OTIF, at the dock.
    """

    group = "orders"
    defines = (
        Definition(
            name="promise.kept_share", unit="share", better="higher", meaning="orders that left by their first promise"
        ),
        Definition(
            name="promise.renewed_share",
            unit="share",
            better="higher",
            meaning="orders that left by the last promise made",
        ),
        Definition(
            name="promise.in_full_share",
            unit="share",
            better="higher",
            meaning="orders that left as a whole by their first promise",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Hold promises against dispatches."""
        due = (pl.col("document_id").cast(pl.Float64, strict=False) * SECOND).cast(pl.Int64).alias("due")
        promises = log.event("order.promised").select("correlation", "time", due).drop_nulls("due")
        orders = log.derived(order_journeys).select("correlation", "shipped", "cancelled", "rejected")
        known = promises.join(orders, on="correlation", maintain_order="left")
        in_time = known.filter(pl.col("shipped").is_null() | (pl.col("time") <= pl.col("shipped")))
        first = known.unique("correlation", keep="first", maintain_order=True)
        yield self._share("promise.kept_share", first, log.end)
        yield self._share("promise.in_full_share", first, log.end, self._whole(log, first))
        last = in_time.unique("correlation", keep="last", maintain_order=True)
        yield self._share("promise.renewed_share", last, log.end)

    def _whole(self, log: Logbook, promised: pl.DataFrame) -> pl.DataFrame:
        """Orders of which everything that was still wanted had left by their promise."""
        left = log.derived(parcel_journeys).select("correlation", pl.col("shipped").alias("at"), "units")
        sent = (
            promised.join(left, on="correlation")
            .filter(pl.col("at") <= pl.col("due"))
            .group_by("correlation")
            .agg(pl.col("units").sum().alias("sent"))
        )
        gone = log.event("cancellation.accepted").group_by("correlation").agg(pl.col("quantity").sum().alias("gone"))
        wanted = log.derived(order_journeys).select("correlation", "units")
        both = wanted.join(sent, on="correlation").join(gone, on="correlation", how="left")
        return both.filter(pl.col("sent") + pl.col("gone").fill_null(0) >= pl.col("units")).select("correlation")

    def _share(self, name: str, promised: pl.DataFrame, end: int, kept: pl.DataFrame | None = None) -> Reading:
        """The share of orders whose first parcel left by the promise, or of those that are `kept` otherwise."""
        given_up = pl.col("cancelled").is_not_null() | pl.col("rejected").is_not_null()
        overdue = pl.col("shipped").is_null() & ~given_up & (pl.col("due") < end)
        fallen = promised.filter(pl.col("shipped").is_not_null() | overdue)
        if not fallen.height:
            return self.reading(name, None, detail="no promise fell due")
        late = fallen.filter(pl.col("shipped").fill_null(end) > pl.col("due"))
        broken = late if kept is None else fallen.join(kept, on="correlation", how="anti", maintain_order="left")
        keys = broken["correlation"].head(5).to_list()
        return self.reading(name, 1 - broken.height / fallen.height, fallen.height, keys=keys)
