"""Obligations: which document has to exist, once the run is over, because of what happened in the trade."""

from __future__ import annotations

import polars as pl

from seatrial.reports.documents import lives
from seatrial.reports.logbook import Logbook

_OWED = ("document", "key", "correlation", "number", "time")
_PER_PARCEL = ("label", "shipment_confirmation", "shipment", "invoice")


def owed(log: Logbook, until: int) -> pl.DataFrame:
    """One row per document that has to be alive at the end: `document`, `key`, `correlation`, why (`number`), `met`.

    | what happened | what it owes |
    |---|---|
    | an order was placed and neither cancelled nor rejected | sales_order |
    | ... and not back-ordered either | fulfilment, by the number of the order |
    | a warehouse took a release on and neither rejected, cancelled nor found it empty | parcel, by the release |
    | a parcel left the dock | label, shipment_confirmation, shipment, invoice, notification `<order>/shipped/<it>` |
    | returned goods came in under a return number | credit_memo, refund |
    | a cancellation was accepted | refund `<order>/cancel` |

    What happened after microsecond `until` owes nothing yet.
    """
    table = pl.concat([*_orders(log), _releases(log), *_parcels(log), *_returns(log), _cancellations(log)])
    table = table.filter(pl.col("time") <= until).unique(["document", "key"], keep="first", maintain_order=True)
    proofs = _proofs(log).with_columns(pl.lit(True).alias("met"))
    return table.join(proofs, on=["document", "key"], how="left", maintain_order="left").with_columns(
        pl.col("met").fill_null(False)
    )


def dropped(log: Logbook) -> pl.DataFrame:
    """Orders that were cancelled or rejected, one row each in column `correlation`."""
    return log.event("order.cancelled", "order.rejected", "cancellation.accepted").select("correlation").unique()


def _proofs(log: Logbook) -> pl.DataFrame:
    """What keeps an obligation: a live document, by its key or by what else it may be owed under."""
    alive = log.derived(lives).filter(pl.col("live") > 0).select("document", "key", "correlation")
    by_order = alive.filter(pl.col("document") == "fulfilment").with_columns(pl.col("correlation").alias("key"))
    packed = log.event("fulfilment.packed").select(pl.lit("parcel").alias("document"), "key")
    return pl.concat([alive.drop("correlation"), by_order.drop("correlation"), packed]).unique()


def _owes(rows: pl.DataFrame, document: str, key: pl.Expr | None = None) -> pl.DataFrame:
    named = rows.with_columns(pl.lit(document).alias("document"), (key if key is not None else pl.col("key")))
    return named.select(_OWED)


def _orders(log: Logbook) -> list[pl.DataFrame]:
    kept = log.event("order.placed").join(log.derived(dropped), on="correlation", how="anti", maintain_order="left")
    waiting = log.event("order.backordered").select("correlation").unique()
    shippable = kept.join(waiting, on="correlation", how="anti", maintain_order="left")
    return [_owes(kept, "sales_order"), _owes(shippable, "fulfilment")]


def _releases(log: Logbook) -> pl.DataFrame:
    ended = log.event("fulfilment.rejected", "fulfilment.cancelled").select("key").unique()
    return _owes(log.event("fulfilment.accepted").join(ended, on="key", how="anti", maintain_order="left"), "parcel")


def _parcels(log: Logbook) -> list[pl.DataFrame]:
    left = log.event("shipment.dispatched")
    told = _owes(left, "notification", (pl.col("correlation") + "/shipped/" + pl.col("key")).alias("key"))
    return [*(_owes(left, document) for document in _PER_PARCEL), told]


def _returns(log: Logbook) -> list[pl.DataFrame]:
    came = log.event("return.received").filter(pl.col("key") != "")
    return [_owes(came, "credit_memo"), _owes(came, "refund")]


def _cancellations(log: Logbook) -> pl.DataFrame:
    accepted = log.event("cancellation.accepted")
    return _owes(accepted, "refund", (pl.col("correlation") + "/cancel").alias("key"))
