"""Overshipped: goods that left although nobody had ordered them, or not any more."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.journeys import order_journeys, parcel_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Overshipped(Measure):
    """Units that left a dock beyond what their order still wanted.

    Formula: the sum over orders of max(0, units in parcels that left - units placed + units cancelled). A parcel for an
    order that no channel took counts in full. Unit: units. Source: `shipment.dispatched`, `order.placed` and
    `cancellation.accepted` event rows.
    """

    defines = (
        Definition(
            name="overshipped.units",
            unit="units",
            better="lower",
            meaning="units shipped beyond what was ordered and not cancelled",
            code="OVERSHIPPED",
            title="more units left the dock for an order than it wanted",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Sum of what left too much."""
        left = log.derived(parcel_journeys).group_by("correlation", maintain_order=True).agg(pl.col("units").sum())
        ordered = log.derived(order_journeys).select("correlation", pl.col("units").alias("ordered"))
        gone = log.event("cancellation.accepted").group_by("correlation").agg(pl.col("quantity").sum().alias("gone"))
        joined = left.join(ordered, on="correlation", how="left", maintain_order="left").join(
            gone, on="correlation", how="left", maintain_order="left"
        )
        wanted = pl.col("ordered").fill_null(0) - pl.col("gone").fill_null(0)
        over = joined.with_columns((pl.col("units") - wanted).alias("over")).filter(pl.col("over") > 0)
        keys = over["correlation"].head(5).to_list()
        yield self.reading("overshipped.units", float(over["over"].sum()), left.height, keys=keys)
