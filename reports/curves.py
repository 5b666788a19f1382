"""Curves over time: levels that books and shelves show, how far they lie apart, and orders that wait."""

from __future__ import annotations

import polars as pl

from seatrial.reports.journeys import order_journeys
from seatrial.reports.logbook import Logbook

_SIDES = ("left", "right")


def erp_gaps(log: Logbook) -> pl.DataFrame:
    """|units on the shelf - units in the ERP's book|, per `place` and `sku`, at every microsecond where one changes."""
    stock = log.stock.with_columns(pl.col("operation").cast(pl.String), pl.col("partner").cast(pl.String))
    truth = stock.filter(pl.col("operation") == "on_hand").select(
        pl.col("partner").alias("place"), pl.col("key").alias("sku"), "time", "number", pl.col("quantity").alias("left")
    )
    book = stock.filter(pl.col("operation") == "book").select(
        pl.col("document_id").alias("place"),
        pl.col("key").alias("sku"),
        "time",
        "number",
        pl.col("quantity").alias("right"),
    )
    return _gaps(truth, book, (pl.col("left") - pl.col("right")).abs())


def listing_gaps(log: Logbook) -> pl.DataFrame:
    """Units that a channel (`place`) offers beyond what the network can still promise, per `sku`, at every change."""
    offers = (
        log.stock.filter(pl.col("operation") == "listing")
        .select(
            pl.col("partner").cast(pl.String).alias("place"), pl.col("key").alias("sku"), "time", "number", "quantity"
        )
        .rename({"quantity": "left"})
    )
    pairs = offers.select("place", "sku").unique()
    there = log.derived(available).join(pairs, on="sku").rename({"units": "right"})
    return _gaps(offers, there, (pl.col("left") - pl.col("right")).clip(lower_bound=0))


def available(log: Logbook) -> pl.DataFrame:
    """Units of each `sku` that lie in any warehouse and are promised to nobody, at every change: column `units`."""
    books = log.stock.filter(pl.col("operation").cast(pl.String).is_in(["on_hand", "allocated"]))
    sign = pl.when(pl.col("operation") == "on_hand").then(1).otherwise(-1)
    step = pl.col("quantity").diff().over("partner", "operation", "key").fill_null(pl.col("quantity"))
    steps = books.select(pl.col("key").alias("sku"), "time", "number", (step * sign).alias("step"))
    return steps.select("sku", "time", "number", pl.col("step").cum_sum().over("sku").alias("units"))


def total_curve(gaps: pl.DataFrame) -> pl.DataFrame:
    """The sum of all gaps over time: `time` in microseconds, `units` from then on."""
    step = pl.col("gap").diff().over("place", "sku").fill_null(pl.col("gap"))
    steps = gaps.select("time", step.alias("step")).group_by("time").agg(pl.col("step").sum()).sort("time")
    return steps.select("time", pl.col("step").cum_sum().alias("units"))


def stretches(gaps: pl.DataFrame, end: int) -> pl.DataFrame:
    """Each unbroken stretch in which a gap stood: `place`, `sku`, `time` of its begin, `lasted` in microseconds."""
    by = ("place", "sku")
    flips = gaps.with_columns((pl.col("gap") > 0).alias("apart")).filter(
        pl.col("apart") != pl.col("apart").shift(1).over(by).fill_null(False)
    )
    until = pl.col("time").shift(-1).over(by).fill_null(end)
    return flips.with_columns((until - pl.col("time")).alias("lasted")).filter("apart").select(*by, "time", "lasted")


def backlog(log: Logbook) -> pl.DataFrame:
    """Orders placed and neither released, back-ordered, cancelled nor rejected: `time` in microseconds, `orders`."""
    return backlog_of(log.derived(order_journeys))


def backlog_of(orders: pl.DataFrame) -> pl.DataFrame:
    """The backlog of some orders, of which these are the journeys."""
    return queue(orders, "placed", pl.min_horizontal("released", "backordered", "cancelled", "rejected", "shipped"))


def queue(table: pl.DataFrame, enter: str, leave: pl.Expr) -> pl.DataFrame:
    """How many rows wait between two moments of theirs: `time` in microseconds, `orders` from then on.

    A row that never leaves waits to the end.
    """
    waiting = table.filter(pl.col(enter).is_not_null()).select(pl.col(enter).alias("time"), leave.alias("left"))
    goes = waiting.drop_nulls("left").select(pl.max_horizontal("left", "time").alias("time"), pl.lit(-1).alias("step"))
    steps = pl.concat([waiting.select("time", pl.lit(1).alias("step")), goes])
    summed = steps.group_by("time").agg(pl.col("step").sum()).sort("time")
    return summed.select("time", pl.col("step").cum_sum().alias("orders"))


def _gaps(left: pl.DataFrame, right: pl.DataFrame, gap: pl.Expr) -> pl.DataFrame:
    """Both sides on one time line, each level holding until the next; the last word of an instant counts."""
    both = pl.concat([left, right], how="diagonal").sort("place", "sku", "time", "number")
    levels = both.with_columns(pl.col(_SIDES).forward_fill().over("place", "sku").fill_null(0))
    is_last = (pl.struct("place", "sku", "time") != pl.struct("place", "sku", "time").shift(-1)).fill_null(True)
    return levels.filter(is_last).select("place", "sku", "time", gap.alias("gap"))
