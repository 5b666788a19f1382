"""On behalf: calls that carry no order's number and are made for one all the same, such as to save its customer."""

from __future__ import annotations

import polars as pl

from seatrial.reports.logbook import Logbook
from seatrial.reports.order_trace import INTEGRATION

_ASKED = ("partner", "operation", "key")
_ROUNDING = (-1, 0, 1)
"""Microseconds by which a begin may differ from the end before it: both are rounded."""


def on_behalf(log: Logbook, feeds: tuple[str, ...]) -> pl.DataFrame:
    """Struck calls without an order's number, and their strikes, by the order they were made for: `correlation`,
    `number`.

    Who works on an order asks the next thing at the very instant at which the last one came to its end: a call is made
    for the one order to which something happened when it began, and so is every repeat of it. Where that is none, or
    more than one, nothing is said; fetches of news are made for nobody.
    """
    named = pl.concat_str("partner", pl.lit("."), "operation").is_in(feeds)
    nameless = log.rows.filter(pl.col("kind").is_in(["call", "fault"]) & (pl.col("correlation") == "") & ~named)
    asked = nameless.select("number", "time", "kind", *_ASKED, "attempt", "latency", "rule").collect().sort("number")
    if not (asked["rule"] != "").any():
        return pl.DataFrame(schema={"correlation": pl.String, "number": pl.Int64})
    calls, first = asked.filter(pl.col("kind") == "call"), pl.col("attempt") == 1
    made_for = _alone(log, calls.filter(first).select("number", began=pl.col("time") - pl.col("latency")))
    known = calls.join(made_for, on="number", how="left", maintain_order="left")
    nobody = pl.when(first).then(pl.col("correlation").fill_null("")).otherwise(pl.col("correlation"))
    known = known.with_columns(correlation=nobody.forward_fill().over(*_ASKED))
    struck = known.filter((pl.col("rule") != "") & (pl.col("correlation") != ""))
    strikes = asked.filter(pl.col("kind") == "fault").join(struck, on=["time", *_ASKED, "attempt"])
    return pl.concat([each.select("correlation", "number") for each in (struck, strikes)]).unique(maintain_order=True)


def _alone(log: Logbook, begun: pl.DataFrame) -> pl.DataFrame:
    """Calls of which one order alone had something happen when they began, with that order."""
    acts = pl.col("kind").is_in(["call", "note", "webhook"]) | (pl.col("partner") == INTEGRATION)
    near = begun.with_columns(time=pl.concat_list(pl.col("began") + each for each in _ROUNDING)).explode("time")
    of_orders = log.rows.filter((pl.col("correlation") != "") & acts & pl.col("time").is_in(near["time"].implode()))
    happened = of_orders.select("time", "correlation").unique().collect()
    orders = near.join(happened, on="time").group_by("number").agg(pl.col("correlation").unique())
    return orders.filter(pl.col("correlation").list.len() == 1).explode("correlation")
