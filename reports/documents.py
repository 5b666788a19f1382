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
_BY_KEY: Final = ("document", "key")


def ledger(log: Logbook) -> pl.DataFrame:
    """One row per class and business key ever asked for or made, in the order in which they first appear.

    `attempted`: a call asked for it; `acknowledged`: one of these ended ok; `created` and `live` copies; `ever`: the
    copies too many that ever lived, where rows of one instant count together, so that their order does not matter.
    """
    made = pl.col("outcome").is_in(["created", "reversed"])
    step = pl.when(pl.col("outcome") == "created").then(1).otherwise(-1).alias("step")
    steps = log.commits.filter(made).select("number", *_BY_KEY, "correlation", step, pl.lit(None).alias("ok"))
    wanted = log.calls.filter((pl.col("document") != "") & (pl.col("key") != ""))
    asked = wanted.select(
        "number", *_BY_KEY, "correlation", pl.lit(None, pl.Int32).alias("step"), (pl.col("outcome") == "ok").alias("ok")
    )
    rows = pl.concat([steps.cast({"ok": pl.Boolean}), asked])
    totals = pl.concat([_totals(part) for part in rows.partition_by("document")] or [_totals(rows)]).sort("first")
    several = totals.filter(pl.col("created") > 1).select(_BY_KEY)
    moments = log.commits.filter(made).join(several, on=_BY_KEY, how="semi").with_columns(step)
    return totals.join(_ever(moments), on=_BY_KEY, how="left", maintain_order="left").with_columns(
        pl.col("ever").fill_null(0)
    )


def _totals(rows: pl.DataFrame) -> pl.DataFrame:
    """What became of every key of one class: grouping by one text is much cheaper than by two."""
    sums = rows.group_by("key").agg(
        pl.col("document").first(),
        pl.col("correlation").first(),
        pl.col("ok").is_not_null().any().alias("attempted"),
        pl.col("ok").any().alias("acknowledged"),
        (pl.col("step") == 1).sum().alias("created"),
        pl.col("step").sum().clip(lower_bound=0).alias("live"),
        pl.col("number").min().alias("first"),
    )
    return sums.select("document", pl.all().exclude("document"))


def _ever(steps: pl.DataFrame) -> pl.DataFrame:
    """Copies too many that ever lived under a key: every rise of what lives beyond the first."""
    instants = steps.group_by(*_BY_KEY, "time").agg(pl.col("step").sum()).sort("time")
    beyond = (pl.col("step").cum_sum().over(_BY_KEY) - 1).clip(lower_bound=0)
    rises = instants.with_columns(beyond.alias("beyond")).with_columns(
        pl.col("beyond").diff().over(_BY_KEY).fill_null(pl.col("beyond")).clip(lower_bound=0).alias("rise")
    )
    return rises.group_by(_BY_KEY).agg(pl.col("rise").sum().alias("ever"))


def live_documents(log: Logbook) -> pl.DataFrame:
    """One row per document that lives at the end, in the order of making, with its `amount`."""
    by_document = ["document", "key", "document_id"]
    made = log.commits.filter(pl.col("outcome") == "created")
    gone = log.commits.filter(pl.col("outcome") == "reversed").select(by_document)
    alive = made.join(gone, on=by_document, how="anti", maintain_order="left") if gone.height else made
    return alive.select("number", "time", "partner", *by_document, "correlation", "quantity", "amount")
