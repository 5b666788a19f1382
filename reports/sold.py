"""What was sold and what there was to sell, unit by unit."""

from __future__ import annotations

import polars as pl

from seatrial.reports.logbook import Logbook


def order_lines(log: Logbook) -> pl.DataFrame:
    """One row per order and SKU: units `placed`, `cancelled` (above zero) and `shipped`, and the `first` row number."""
    kinds = ("placed", "cancelled", "shipped")
    sums = (pl.col("quantity").filter(pl.col("operation") == kind).sum().abs().alias(kind) for kind in kinds)
    lines = log.sales.group_by("correlation", "key").agg(*sums, pl.col("number").min().alias("first"))
    return lines.rename({"key": "sku"}).sort("first")


def had(log: Logbook) -> pl.DataFrame:
    """Units of each `sku` that came into any warehouse, and those that vanished (below zero): `time`, `step`."""
    on_hand = log.stock.filter(pl.col("operation") == "on_hand")
    rise = pl.col("quantity").diff().over("partner", "key").fill_null(pl.col("quantity")).clip(lower_bound=0)
    came = on_hand.select(pl.col("key").alias("sku"), "time", rise.alias("step")).filter(pl.col("step") > 0)
    shrunk = log.event("inventory.shrunk").select(
        pl.col("key").alias("sku"), "time", (-pl.col("quantity")).alias("step")
    )
    return pl.concat([came, shrunk])


def oversold(log: Logbook) -> pl.DataFrame:
    """One row per SKU ever sold beyond what there had been: `sku`, `units` at the worst moment, its `time`."""
    traded = log.sales.filter(pl.col("operation").cast(pl.String).is_in(["placed", "cancelled"]))
    sold = traded.select(pl.col("key").alias("sku"), "time", pl.col("quantity").alias("step"))
    there = log.derived(had).with_columns(-pl.col("step"))
    instants = pl.concat([sold, there]).group_by("sku", "time").agg(pl.col("step").sum()).sort("time")
    levels = instants.with_columns(pl.col("step").cum_sum().over("sku").alias("units"))
    worst = levels.filter(pl.col("units") > 0).sort("units", descending=True, maintain_order=True)
    return worst.unique("sku", keep="first", maintain_order=True).select("sku", "units", "time").sort("time", "sku")
