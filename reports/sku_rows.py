"""The rows of one SKU: its levels in every book, its sales, and what moved its stock."""

from __future__ import annotations

from typing import Final

import polars as pl

from seatrial.reports.logbook import Logbook
from seatrial.reports.nearest import nearest
from seatrial.sim.errors import UnknownName

_REASONS: Final = (
    "inventory.received",
    "inventory.shrunk",
    "inventory.adjusted",
    "inventory.counted",
    "stock.restocked",
    "stock.scrapped",
)
"""Events that say why a warehouse's level moved, other than by shipping."""


def sku_rows(log: Logbook, sku: str) -> pl.DataFrame:
    """All rows of stock and sale of a SKU. Raises UnknownName for one that the evidence does not know."""
    kept = pl.col("kind").is_in(["stock", "sale"])
    rows = log.rows.filter(kept & (pl.col("key") == sku)).collect()
    if rows.height:
        return rows
    known = log.rows.filter(kept).select(pl.col("key").unique(maintain_order=True)).collect()["key"]
    hint = f"the evidence holds {known.len():,} SKUs; these are some of them"
    raise UnknownName("no such SKU in this run", value=sku, known=nearest(sku, known), hint=hint)


def moves(log: Logbook, rows: pl.DataFrame) -> pl.DataFrame:
    """Changes of the shelves that were no shipments: `time`, `place`, `step`, `level`, `reason` (event), `about` (key).

    The reason is what the warehouse wrote next at the same moment; empty where it wrote none.
    """
    shelf = rows.filter((pl.col("kind") == "stock") & pl.col("operation").is_in(["on_hand", "physical"]))
    step = pl.col("quantity").diff().over("partner", "operation")
    changed = shelf.with_columns(step.alias("step")).filter(pl.col("step") != 0)
    shipped = rows.filter((pl.col("kind") == "sale") & (pl.col("operation") == "shipped")).select("partner", "time")
    others = changed.join(shipped.unique(), on=["partner", "time"], how="anti")
    why = log.event(*_REASONS).with_columns(pl.col("partner", "operation").cast(pl.String))
    said = why.select("partner", "time", "number", pl.col("operation").alias("reason"), pl.col("key").alias("about"))
    joined = others.sort("number").join_asof(
        said.sort("number"), on="number", by=["partner", "time"], strategy="forward", check_sortedness=False
    )
    return joined.select(
        "number",
        "time",
        pl.col("partner").alias("place"),
        "operation",
        "step",
        pl.col("quantity").alias("level"),
        pl.col("reason", "about").fill_null(""),
    )


def book_names(rows: pl.DataFrame) -> pl.DataFrame:
    """The stock rows with the `book` that each is a level of, as people call it."""
    stock = rows.filter(pl.col("kind") == "stock")
    names = {
        "on_hand": "shelf by its record",
        "physical": "shelf in truth",
        "allocated": "promised",
        "listing": "on offer",
    }
    plain = pl.format("{}: {}", "partner", pl.col("operation").replace(names))
    erp = pl.format("{}: book of {}", "partner", "document_id")
    return stock.with_columns(pl.when(pl.col("operation") == "book").then(erp).otherwise(plain).alias("book"))
