"""Documents in the books of all partners: how many live under each business key, and who asked for them."""

from __future__ import annotations

from typing import Final

import polars as pl

from seatrial.reports.logbook import Logbook

FLOW: Final = (
    "sales_order",
    "fulfilment",
    "parcel",
    "label",
    "shipment_confirmation",
    "shipment",
    "invoice",
    "credit_memo",
    "refund",
    "notification",
)
"""Classes of the documents of the canonical flow, in its order: each may live once under its business key."""
BESIDES: Final = ("acknowledgement", "rma", "exception", "movement")
"""Classes beside the flow: they are counted each for itself and stay out of the totals."""
CLASSES: Final = (*FLOW, *BESIDES)


def lives(log: Logbook) -> pl.DataFrame:
    """One row per class and business key: `created`, `live` now, and `ever`, the copies too many that ever lived.

    Rows of one instant count together, so their order does not matter. `first` and `last` are row numbers of its
    first and last commit.
    """
    made = log.commits.filter(pl.col("outcome").cast(pl.String).is_in(["created", "reversed"]))
    steps = made.with_columns(
        pl.col("document").cast(pl.String),
        pl.when(pl.col("outcome") == "created").then(1).otherwise(-1).alias("step"),
    )
    totals = steps.group_by("document", "key").agg(
        pl.col("correlation").first(),
        (pl.col("step") == 1).sum().alias("created"),
        pl.col("step").sum().clip(lower_bound=0).alias("live"),
        pl.col("number").min().alias("first"),
        pl.col("number").max().alias("last"),
    )
    several = totals.filter(pl.col("created") > 1).select("document", "key")
    ever = _ever(steps.join(several, on=["document", "key"], how="semi"))
    joined = totals.join(ever, on=["document", "key"], how="left").with_columns(pl.col("ever").fill_null(0))
    return joined.sort("first")


def _ever(steps: pl.DataFrame) -> pl.DataFrame:
    """Copies too many that ever lived under a key: every rise of what lives beyond the first."""
    by_key = ["document", "key"]
    instants = steps.group_by(*by_key, "time").agg(pl.col("step").sum()).sort("time")
    beyond = (pl.col("step").cum_sum().over(by_key) - 1).clip(lower_bound=0)
    rises = instants.with_columns(beyond.alias("beyond")).with_columns(
        pl.col("beyond").diff().over(by_key).fill_null(pl.col("beyond")).clip(lower_bound=0).alias("rise")
    )
    return rises.group_by(by_key).agg(pl.col("rise").sum().alias("ever"))


def asked(log: Logbook) -> pl.DataFrame:
    """One row per class and business key that a call tried to create: whether any was `acknowledged` as done."""
    calls = log.calls.filter((pl.col("document") != "") & (pl.col("key") != ""))
    return (
        calls.with_columns(pl.col("document").cast(pl.String))
        .group_by("document", "key")
        .agg(
            pl.col("correlation").first(),
            (pl.col("outcome") == "ok").any().alias("acknowledged"),
            pl.col("number").min().alias("first"),
        )
        .sort("first")
    )


def live_documents(log: Logbook) -> pl.DataFrame:
    """One row per document that lives at the end, in the order of making, with its `amount`."""
    by_document = ["document", "key", "document_id"]
    rows = log.commits.with_columns(pl.col("document").cast(pl.String))
    made = rows.filter(pl.col("outcome") == "created")
    gone = rows.filter(pl.col("outcome") == "reversed").select(by_document)
    alive = made.join(gone, on=by_document, how="anti", maintain_order="left")
    return alive.select("number", "time", "partner", *by_document, "correlation", "quantity", "amount")
