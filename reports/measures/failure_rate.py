"""Failure rate: how many calls failed, and how many orders the integration could not finish by itself."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.callends import call_ends
from seatrial.reports.facts import Facts
from seatrial.reports.journeys import order_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class FailureRate(Measure):
    """Share of the calls that failed, and share of the orders that needed people or never came to an end.

    Formula: `failure_rate.calls`: calls without a usable reply (timed out, refused, reset, unreadable, cancelled) or
    rejected with 401, 403, 408, 429 or 500 and above, divided by calls; a rejection for a reason of the trade, such as
    insufficient stock, is no failure, nor is a 401 or 403 whose repetition under the same key and attempt met neither
    within half a minute: so is a token renewed. `failure_rate.<partner>`: the same for one partner.
    `failure_rate.integration`: orders with a dead letter, or neither shipped, back-ordered, cancelled nor rejected by
    the end, divided by orders placed before the last `grace` of the run. Unit: share. Source: call, note and event
    rows. Known as: integration failure rate.
    """

    group = "technical"
    defines = (
        Definition(name="failure_rate.calls", unit="share", better="lower", meaning="failed calls of all calls"),
        Definition(
            name="failure_rate.integration",
            unit="share",
            better="lower",
            meaning="orders with a dead letter or without an end, of all orders",
        ),
        Definition(name="failure_rate.*", unit="share", better="lower", meaning="failed calls of a partner's calls"),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Calls in all and by partner, then orders."""
        calls = log.derived(call_ends)
        yield self._share("failure_rate.calls", int(calls["failed"].sum()), calls.height)
        counts = calls.group_by("partner").agg(pl.col("failed").sum(), pl.len().alias("calls")).sort("partner")
        for partner, failed, count in counts.iter_rows():
            yield self._share(f"failure_rate.{partner}", failed, count)
        yield self._orders(log, facts)

    def _orders(self, log: Logbook, facts: Facts) -> Reading:
        orders = log.derived(order_journeys).filter(pl.col("placed") <= facts.owing_until(log.end))
        dead = log.notes.filter(pl.col("operation") == "dead_letter").select("correlation").unique()
        letters = orders.join(dead, on="correlation", how="semi", maintain_order="left")
        ends = ("shipped", "backordered", "cancelled", "rejected")
        open_ended = orders.filter(pl.all_horizontal(pl.col(ends).is_null()))
        failed = pl.concat([letters, open_ended])["correlation"].unique(maintain_order=True)
        name = "failure_rate.integration"
        if not orders.height:
            return self.reading(name, None, detail="no orders")
        return self.reading(name, failed.len() / orders.height, orders.height, keys=failed.head(5).to_list())

    def _share(self, name: str, failed: int, calls: int) -> Reading:
        if not calls:
            return self.reading(name, None, detail="no calls")
        return self.reading(name, failed / calls, calls)
