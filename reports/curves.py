"""Curves over time: levels that books and shelves show, how far they lie apart, and orders that wait."""

from __future__ import annotations

import polars as pl

from seatrial.reports.journeys import order_journeys
from seatrial.reports.logbook import Logbook

_NETWORK = ("on_hand", "allocated", "listing")


def erp_gaps(log: Logbook) -> pl.DataFrame:
    """|units on the shelf - units in the ERP's book|, per `place` and `sku`, wherever that changes."""
    is_book = pl.col("operation") == "book"
    rows = log.stock.filter(is_book | (pl.col("operation") == "on_hand")).select(
        pl.when(is_book).then("document_id").otherwise(pl.col("partner").cast(pl.String)).alias("place"),
        pl.col("key").cast(log.derived(sku_names)).alias("sku"),
        "time",
        pl.when(~is_book).then("quantity").alias("shelf"),
        pl.when(is_book).then("quantity").alias("book"),
    )
    rows = rows.with_columns(pl.col("place").cast(_names(rows["place"])))
    ordered = _gathered(rows, pl.col("place").to_physical() * 2**20 + pl.col("sku").to_physical())
    levels = ordered.with_columns(_held("shelf"), _held("book"))
    gap = (pl.col("shelf") - pl.col("book")).abs().alias("gap")
    return _changes(levels.filter(_last_of_instant()), gap).select("place", "sku", "time", "gap")


def listing_gaps(log: Logbook) -> pl.DataFrame:
    """Units that a channel (`place`) offers beyond what the network can still promise, per `sku`, at every change."""
    rows = log.derived(network)
    offers = pl.col("operation") == "listing"
    channels = rows.filter(offers)["partner"].cast(pl.String).unique().sort()
    places, gaps = pl.Enum(channels), []
    for channel in channels:
        offered = pl.when(offers & (pl.col("partner") == channel)).then("quantity").alias("offered")
        levels = rows.select("code", "sku", "time", "units", offered).with_columns(
            pl.col("offered").forward_fill().over("code", mapping_strategy="group_to_rows")
        )
        known = levels.filter(_last_of_instant() & pl.col("offered").is_not_null())
        gap = (pl.col("offered") - pl.col("units")).clip(lower_bound=0).alias("gap")
        gaps.append(_changes(known, gap).select(pl.lit(channel, places).alias("place"), "sku", "time", "gap"))
    none = pl.DataFrame(schema={"place": places, "sku": log.derived(sku_names), "time": pl.Int64, "gap": pl.Int64})
    return pl.concat([none, *gaps])


def available(log: Logbook) -> pl.DataFrame:
    """Units of each `sku` that lie in any warehouse and are promised to nobody, after every instant that changed them:
    `sku`, `time`, `number` of the last row of the instant, `units`.
    """
    levels = log.derived(network).filter(pl.col("operation") != "listing").filter(_last_of_instant())
    return _changes(levels, pl.col("units").alias("gap")).select("sku", "time", "number", "units")


def network(log: Logbook) -> pl.DataFrame:
    """Rows of warehouses and channels, SKU by SKU and in their order, with the `units` available after each."""
    books = log.stock.filter(pl.col("operation").is_in(_NETWORK))
    sign = pl.when(pl.col("operation") == "on_hand").then(1).when(pl.col("operation") == "allocated").then(-1)
    step = pl.col("quantity").diff().over("partner", "operation", "key").fill_null(pl.col("quantity"))
    names = log.derived(sku_names)
    rows = books.select(
        pl.col("key").cast(names).alias("sku"),
        "time",
        "number",
        "operation",
        "partner",
        "quantity",
        (step * sign.otherwise(0)).alias("step"),
    )
    ordered = _gathered(rows, pl.col("sku").to_physical())
    return ordered.with_columns(pl.col("step").cum_sum().over("code").alias("units")).drop("step")


def sku_names(log: Logbook) -> pl.Enum:
    """Every SKU with a stock level, by name: as numbers they are sorted and grouped at a fraction of the cost."""
    return _names(log.stock["key"])


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


def erp_stretches(log: Logbook) -> pl.DataFrame:
    """Stretches in which the ERP's book of a SKU stood apart from the shelf."""
    return stretches(log.derived(erp_gaps), log.end)


def listing_stretches(log: Logbook) -> pl.DataFrame:
    """Stretches in which a channel offered more of a SKU than there was."""
    return stretches(log.derived(listing_gaps), log.end)


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


def _names(texts: pl.Series) -> pl.Enum:
    return pl.Enum(texts.unique().sort())


def _gathered(rows: pl.DataFrame, code: pl.Expr) -> pl.DataFrame:
    """Rows of one `code` together, each in the order of the evidence."""
    return rows.with_columns(code.alias("code")).sort("code", maintain_order=True)


def _held(side: str) -> pl.Expr:
    """A level holds until the next one of its code; before the first there was nothing."""
    is_first = (pl.col("code") != pl.col("code").shift()).fill_null(True)
    begun = pl.when(is_first).then(pl.col(side).fill_null(0)).otherwise(pl.col(side))
    return begun.forward_fill().alias(side)


def _last_of_instant() -> pl.Expr:
    """The last word of an instant counts; rows are gathered by their code."""
    after = (pl.col(name) != pl.col(name).shift(-1) for name in ("code", "time"))
    return pl.any_horizontal(*after).fill_null(True)


def _changes(levels: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    """The first row of each code, and those whose `gap` is another than before."""
    before = (pl.col(name) != pl.col(name).shift() for name in ("code", "gap"))
    return levels.with_columns(value).filter(pl.any_horizontal(*before).fill_null(True))
