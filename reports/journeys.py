"""Journeys: when each order and each parcel first reached each stage of the flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from seatrial.reports.logbook import Logbook

ORDER_STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "placed": ("order.placed",),
    "captured": ("order.captured",),
    "validated": ("order.validated",),
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
    placed = log.event("order.placed").unique("correlation", keep="first", maintain_order=True)
    ordered = placed.select("correlation", "number", "partner", pl.col("quantity").alias("units"), "amount")
    return _with_stages(log, ordered, "correlation", ORDER_STAGES)


def parcel_journeys(log: Logbook) -> pl.DataFrame:
    """One row per parcel that left a dock: microsecond of each stage or null, `units` in it."""
    left = log.event("shipment.dispatched").unique("key", keep="first", maintain_order=True)
    parcels = left.select("key", "correlation", "number", pl.col("quantity").alias("units"))
    return _with_stages(log, parcels, "key", PARCEL_STAGES)


def return_journeys(log: Logbook) -> pl.DataFrame:
    """One row per return that a channel knows and that was inspected: microsecond of each stage or null."""
    asked = log.event("return.requested").filter(pl.col("key") != "")
    known = asked.unique("key", keep="first", maintain_order=True).select("key", "correlation")
    return _with_stages(log, known, "key", RETURN_STAGES).filter(pl.col("inspected").is_not_null())


def _with_stages(log: Logbook, table: pl.DataFrame, key: str, stages: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """The same rows with the first moment of every stage. Rows are found by their place: texts are compared once."""
    places = table.select(key).with_row_index("place")
    wanted = {event for group in stages.values() for event in group}
    events = log.event(*sorted(wanted)).select(key, "time", "operation").join(places, on=key)
    numbered = table.with_row_index("place")
    for stage, group in stages.items():
        reached = events.filter(pl.col("operation").is_in(group))
        first = reached.group_by("place").agg(pl.col("time").min().alias(stage))
        numbered = numbered.join(first, on="place", how="left", maintain_order="left")
    return numbered.drop("place")
