"""Obligations: which document has to exist, once the run is over, because of what happened in the trade."""

from __future__ import annotations

import polars as pl

from seatrial.reports.documents import ledger
from seatrial.reports.logbook import HOUR, Logbook

_OWED = ("document", "key", "correlation", "number", "time")
HANDLING = 24 * HOUR
"""What a warehouse may take from a release to the parcel on the truck, in microseconds."""
_PER_PARCEL = ("label", "shipment_confirmation", "shipment", "invoice")


def owed(log: Logbook, until: int) -> pl.DataFrame:
    """One row per document that has to be alive at the end: `document`, `key`, `correlation`, why (`number`), `met`.

    | what happened | what it owes |
    |---|---|
    | an order was placed and neither cancelled nor rejected | sales_order |
    | ... and not back-ordered either | fulfilment, by the number of the order |
    | a warehouse took a release on a day ago and neither rejected nor stopped it since | parcel, by the release |
    | a parcel left the dock | label, shipment_confirmation, shipment, invoice, notification `<order>/shipped/<it>` |
    | returned goods were inspected under a return number that a channel gave | credit_memo, refund |
    | a cancellation was accepted of something that was paid | refund `<order>/cancel` |

    `time` is when it falls due; what does after microsecond `until` owes nothing yet.
    """
    return log.derived(ever_owed).filter(pl.col("time") <= until)


def ever_owed(log: Logbook) -> pl.DataFrame:
    """The same, whenever it falls due."""
    alive = log.derived(ledger).filter(pl.col("live") > 0).select("document", "key", "correlation")
    owes = (*_orders(log), _releases(log), *_parcels(log), *_returns(log), _cancellations(log))
    together = pl.concat(owes).partition_by("document", maintain_order=True)
    return pl.concat([_met(rows, alive) for rows in together] or [_met(owes[0], alive)])


def _met(rows: pl.DataFrame, alive: pl.DataFrame) -> pl.DataFrame:
    """What one class owes, and whether a live document keeps it: by its key; a fulfilment by its order, too."""
    document = rows["document"].head(1).to_list()
    proofs = alive.filter(pl.col("document").is_in(document))
    keys = [proofs["key"], proofs["correlation"]] if document == ["fulfilment"] else [proofs["key"]]
    met = pl.col("key").is_in(pl.concat(keys).implode()).alias("met")
    return rows.unique("key", keep="first", maintain_order=True).with_columns(met)


def dropped(log: Logbook) -> pl.DataFrame:
    """Orders that were cancelled or rejected, one row each in column `correlation`."""
    return log.event("order.cancelled", "order.rejected", "cancellation.accepted").select("correlation").unique()


def _owes(rows: pl.DataFrame, document: str, key: pl.Expr | None = None) -> pl.DataFrame:
    named = rows.with_columns(
        pl.lit(document, pl.Categorical).alias("document"), (key if key is not None else pl.col("key"))
    )
    return named.select(_OWED)


def _orders(log: Logbook) -> list[pl.DataFrame]:
    kept = log.event("order.placed").join(log.derived(dropped), on="correlation", how="anti", maintain_order="left")
    waiting = log.event("order.backordered").select("correlation").unique()
    shippable = kept.join(waiting, on="correlation", how="anti", maintain_order="left")
    return [_owes(kept, "sales_order"), _owes(shippable, "fulfilment")]


def _releases(log: Logbook) -> pl.DataFrame:
    """A release that still stands owes a parcel, once the warehouse had a day for it."""
    standing = log.derived(ledger).filter((pl.col("document") == "fulfilment") & (pl.col("live") > 0)).select("key")
    taken = log.event("fulfilment.accepted").with_columns(pl.col("time") + HANDLING)
    return _owes(taken.join(standing, on="key", how="semi", maintain_order="left"), "parcel")


def _parcels(log: Logbook) -> list[pl.DataFrame]:
    left = log.event("shipment.dispatched")
    told = _owes(left, "notification", (pl.col("correlation") + "/shipped/" + pl.col("key")).alias("key"))
    return [*(_owes(left, document) for document in _PER_PARCEL), told]


def _returns(log: Logbook) -> list[pl.DataFrame]:
    announced = log.event("return.requested").select("key").unique()
    looked_at = log.event("stock.restocked", "stock.scrapped").unique("key", keep="first", maintain_order=True)
    known = looked_at.join(announced, on="key", how="semi", maintain_order="left")
    return [_owes(known, "credit_memo"), _owes(known, "refund")]


def _cancellations(log: Logbook) -> pl.DataFrame:
    accepted = log.event("cancellation.accepted").filter(pl.col("amount") > 0)
    return _owes(accepted, "refund", (pl.col("correlation") + "/cancel").alias("key"))
