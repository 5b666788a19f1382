"""Earnings: what goods that left are worth, what of it was invoiced, and what was given back beyond it."""

from __future__ import annotations

import polars as pl

from seatrial.reports.documents import live_documents
from seatrial.reports.facts import Facts
from seatrial.reports.grace import unless_too_young
from seatrial.reports.journeys import order_journeys, parcel_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.reading import Reading


def earned(log: Logbook, until: int) -> pl.DataFrame:
    """One row per parcel that left by microsecond `until`: `key`, `amount` (its units' share of the order's total)."""
    left = log.derived(parcel_journeys).filter(pl.col("shipped") <= until)
    orders = log.derived(order_journeys).select("correlation", pl.col("units").alias("ordered"), "amount")
    priced = left.join(orders, on="correlation", maintain_order="left")
    share = (pl.col("amount") * pl.col("units") / pl.col("ordered")).round()
    return priced.select("key", share.alias("amount"))


def uninvoiced(log: Logbook, until: int) -> pl.DataFrame:
    """Those of `earned` that no live invoice stands for."""
    return log.derived(earned, until).join(live(log, "invoice"), on="key", how="anti", maintain_order="left")


def judged_late(reading: Reading, log: Logbook, facts: Facts) -> Reading:
    """A reading that `uninvoiced` goes into: unknown where no parcel was old enough and one waits for its invoice."""
    judged = log.derived(earned, facts.owing_until(log.end))
    return unless_too_young(reading, judged.height, uninvoiced(log, facts.over(log.end)).height, facts)


def over_refunded(log: Logbook) -> pl.DataFrame:
    """One row per order whose shopper got more back than it had cost: `key` (its number), `amount` beyond."""
    by_order = live(log, "refund").group_by("correlation", maintain_order=True)
    given = by_order.agg(pl.col("amount").sum().alias("given"))
    orders = log.derived(order_journeys).select("correlation", "amount")
    both = given.join(orders, on="correlation", how="left", maintain_order="left")
    over = (pl.col("given") - pl.col("amount").fill_null(0)).alias("amount")
    return both.select(pl.col("correlation").alias("key"), over).filter(pl.col("amount") > 0)


def live(log: Logbook, document: str) -> pl.DataFrame:
    """The live documents of one class."""
    return log.derived(live_documents).filter(pl.col("document") == document)
