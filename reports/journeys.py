"""Journeys: when each order and each parcel first reached each stage of the flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from seatrial.reports.logbook import Logbook

ORDER_STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "placed": ("order.placed",),
    "acknowledged": ("order.acknowledged",),
    "entered": ("order.entered",),
    "released": ("fulfilment.accepted", "order.released"),
    "packed": ("fulfilment.packed",),
    "labelled": ("label.purchased",),
    "backordered": ("order.backordered",),
    "shipped": ("shipment.dispatched",),
    "confirmed": ("shipment.confirmed",),
    "invoiced": ("invoice.posted",),
    "delivered": ("shipment.delivered",),
    "settled": ("order.settled",),
    "rejected": ("order.rejected",),
    "cancel_asked": ("cancellation.requested",),
    "cancel_answered": ("cancellation.accepted", "cancellation.refused"),
    "cancelled": ("order.cancelled", "cancellation.accepted"),
}
"""Events that bring an order to a stage; the first of them counts."""
PARCEL_STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "shipped": ("shipment.dispatched",),
    "confirmed": ("shipment.confirmed",),
    "posted": ("shipment.posted",),
    "invoiced": ("invoice.posted",),
    "delivered": ("shipment.delivered",),
}
"""Events that bring a parcel to a stage."""
RETURN_STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "asked": ("return.requested",),
    "inspected": ("stock.restocked", "stock.scrapped"),
    "credited": ("credit.posted",),
    "refunded": ("refund.issued",),
}
"""Events that bring a return to a stage."""


def order_journeys(log: Logbook) -> pl.DataFrame:
    """One row per order that was placed: microsecond of each stage or null, `units` and `amount` ordered."""
    stages = _first_times(log.events, "correlation", ORDER_STAGES)
    placed = log.event("order.placed").unique("correlation", keep="first", maintain_order=True)
    ordered = placed.select("correlation", "number", "partner", pl.col("quantity").alias("units"), "amount")
    return ordered.join(stages, on="correlation", how="left", maintain_order="left")


def parcel_journeys(log: Logbook) -> pl.DataFrame:
    """One row per parcel that left a dock: microsecond of each stage or null, `units` in it."""
    stages = _first_times(log.events, "key", PARCEL_STAGES)
    left = log.event("shipment.dispatched").unique("key", keep="first", maintain_order=True)
    parcels = left.select("key", "correlation", "number", pl.col("quantity").alias("units"))
    return parcels.join(stages, on="key", how="left", maintain_order="left")


def return_journeys(log: Logbook) -> pl.DataFrame:
    """One row per return that a channel knows and that was inspected: microsecond of each stage or null."""
    stages = _first_times(log.events.filter(pl.col("key") != ""), "key", RETURN_STAGES)
    asked = log.event("return.requested").unique("key", keep="first", maintain_order=True).select("key", "correlation")
    known = asked.join(stages, on="key", maintain_order="left")
    return known.filter(pl.col("inspected").is_not_null())


def _first_times(events: pl.DataFrame, key: str, stages: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    name = pl.col("operation").cast(pl.String)
    wanted = sorted({event for group in stages.values() for event in group})
    first = (
        events.select(key, "time", name).filter(name.is_in(wanted)).group_by(key, "operation").agg(pl.col("time").min())
    )
    times = [
        pl.col("time").filter(pl.col("operation").is_in(list(group))).min().alias(stage)
        for stage, group in stages.items()
    ]
    return first.group_by(key).agg(times)
