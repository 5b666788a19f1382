"""Kept back: who fetches news of orders does not know their numbers, so a strike on that belongs to whom it kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from seatrial.reports.logbook import Logbook
from seatrial.reports.on_behalf import on_behalf
from seatrial.reports.order_trace import INTEGRATION

ANSWERS: Final = {
    "order.placed": (),
    "cancellation.requested": ("cancellation.accepted", "cancellation.refused"),
    "return.requested": ("return.authorised", "return.refused"),
}
"""What a channel has to tell, and what says that it was heard; an order is heard of with the first call about it."""
MOST: Final = 64
"""Strikes that are counted for one piece of news where all orders are looked at."""
_SCHEMA: Final = {"correlation": pl.String, "number": pl.Int64}
_LAST: Final = (1 << 62) - 1


def kept_back(log: Logbook, feeds: tuple[str, ...], order: str = "") -> pl.DataFrame:
    """Rows of struck fetches, calls and strikes, by the order whose news waited for them: `correlation`, `number`.

    News waits at its channel until a webhook has told it, until somebody acts on it, or until two fetches that began
    after it came through untouched: the first may have come before the channel showed it. Each of the struck fetches
    until then would have told it. With an `order` all of its own, else the first of each.
    """
    about = pl.col("correlation") == order if order else pl.col("correlation") != ""
    own = log.rows.filter(about)
    news = (
        log.event(*ANSWERS)
        .filter(about)
        .select(pl.col("partner", "operation").cast(pl.String), "correlation", since="time")
    )
    asked = _fetches(log, feeds) if feeds and news.height else None
    if asked is None or not (asked["rule"] != "").any():
        return pl.DataFrame(schema=_SCHEMA)
    waits = _until(news.sort("since"), asked, _heard(own))
    found = list(_struck(waits, asked.filter(pl.col("rule") != ""), _LAST if order else MOST))
    return pl.concat(found).unique(maintain_order=True) if found else pl.DataFrame(schema=_SCHEMA)


def orders_struck(log: Logbook, feeds: tuple[str, ...]) -> pl.DataFrame:
    """Which rule struck which order and mattered, itself, its news or what was asked on its behalf: `correlation`,
    `rule`.
    """
    return log.derived(_orders_struck, feeds)


def _orders_struck(log: Logbook, feeds: tuple[str, ...]) -> pl.DataFrame:
    mattered = log.faults.filter(pl.col("outcome") == "mattered").with_columns(pl.col("rule").cast(pl.String))
    own = mattered.filter(pl.col("correlation") != "").select("correlation", "rule")
    nameless = pl.concat([log.derived(kept_back, feeds), log.derived(on_behalf, feeds)])
    others = nameless.join(mattered.select("number", "rule"), on="number")
    return pl.concat([own, others.select("correlation", "rule")]).unique(maintain_order=True)


def fetches_of(log: Logbook, feeds: tuple[str, ...], order: str) -> pl.DataFrame:
    """All struck fetches that kept back the news of one order: calls and strikes, with all their columns."""
    numbers = kept_back(log, feeds, order)["number"]
    return log.rows.filter(pl.col("number").is_in(numbers.unique().implode())).collect().sort("number")


def made_for(log: Logbook, feeds: tuple[str, ...], order: str) -> pl.DataFrame:
    """All struck calls without a number that were made for one order, and their strikes, with all their columns."""
    numbers = log.derived(on_behalf, feeds).filter(pl.col("correlation") == order)["number"]
    return log.rows.filter(pl.col("number").is_in(numbers.implode())).collect().sort("number")


def nameless_rows(log: Logbook, feeds: tuple[str, ...], orders: list[str]) -> dict[str, pl.DataFrame]:
    """Struck rows without a number, kept back or made on behalf, by the order that they belong to."""
    nameless = pl.concat([log.derived(kept_back, feeds), log.derived(on_behalf, feeds)])
    found = nameless.filter(pl.col("correlation").is_in(orders)).unique(maintain_order=True)
    if not found.height:
        return {}
    rows = log.rows.filter(pl.col("number").is_in(found["number"].unique().implode())).collect()
    by_order = found.rename({"correlation": "order"}).join(rows, on="number").sort("number")
    return {str(order): mine.select(rows.columns) for (order,), mine in by_order.group_by("order")}


def _fetches(log: Logbook, feeds: tuple[str, ...]) -> pl.DataFrame:
    named = pl.concat_str("partner", pl.lit("."), "operation").is_in(feeds) & (pl.col("correlation") == "")
    wanted = log.rows.filter(pl.col("kind").is_in(["call", "fault"]) & named)
    return wanted.select("number", "time", "kind", "partner", "outcome", "latency", "rule").collect().sort("number")


def _heard(own: pl.LazyFrame) -> pl.DataFrame:
    """Moments at which it shows that news of an order had come: what was heard, of which order, when."""
    webhook = (pl.col("kind") == "webhook") & (pl.col("outcome") == "ok")
    acts = own.filter((pl.col("kind") == "call") | (pl.col("partner") == INTEGRATION) | webhook)
    seen = {"order.placed": acts.group_by("correlation").agg(pl.col("time").min())}
    seen |= {what: own.filter(webhook | pl.col("operation").is_in(words)) for what, words in ANSWERS.items() if words}
    signs = [
        rows.select("correlation", pl.lit(what).alias("operation"), pl.col("time").alias("heard"))
        for what, rows in seen.items()
    ]
    return pl.concat(signs).collect().sort("heard")


def _until(news: pl.DataFrame, asked: pl.DataFrame, heard: pl.DataFrame) -> pl.DataFrame:
    """Until when each piece of news waited."""
    clean = asked.filter((pl.col("kind") == "call") & (pl.col("rule") == "") & (pl.col("outcome") == "ok"))
    began, second = pl.col("time") - pl.col("latency"), pl.col("time").shift(-1).over("partner")
    whole = clean.sort("time").select("partner", began=began, fetched=second).sort("began")
    waits = _next(news, whole, "began", "partner")
    waits = _next(waits, heard, "heard", "correlation", "operation")
    return waits.with_columns(until=pl.min_horizontal("fetched", "heard").fill_null(_LAST))


def _next(news: pl.DataFrame, after: pl.DataFrame, moment: str, *by: str) -> pl.DataFrame:
    """The first of `after` since each piece of news."""
    return news.join_asof(
        after, left_on="since", right_on=moment, by=list(by), strategy="forward", check_sortedness=False
    )


def _struck(waits: pl.DataFrame, struck: pl.DataFrame, most: int) -> Iterator[pl.DataFrame]:
    """The struck rows within each wait; both are in order of time, so they lie together."""
    for (partner,), mine in waits.group_by("partner", maintain_order=True):
        rows = struck.filter(pl.col("partner") == partner)
        first = rows["time"].search_sorted(mine["since"], side="left")
        after = rows["time"].search_sorted(mine["until"], side="right")
        bounds = pl.DataFrame({"correlation": mine["correlation"], "first": first, "after": after})
        within = bounds.with_columns(pl.min_horizontal("after", pl.col("first") + most).alias("after"))
        places = within.filter(pl.col("after") > pl.col("first")).with_columns(
            place=pl.int_ranges(pl.col("first"), pl.col("after"))
        )
        if places.height:
            flat = places.select("correlation", "place").explode("place")
            yield flat.select("correlation", number=rows["number"].gather(flat["place"]))
