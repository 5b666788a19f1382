"""Overbought: goods bought for an order beyond what it ever needed."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.findings import FIRST_KEYS
from seatrial.reports.journeys import order_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Overbought(Measure):
    """Units ordered from suppliers for a back-order beyond the units that its shopper had ordered.

    Formula: `units`: the sum over orders of max(0, units of its purchase orders - units placed); `orders`: the number
    of such orders. One that waits and is bought for anew each day stands out; one whose goods others took may buy again
    as much as it was placed for. Purchases for an order that no channel took count in full. Unit: units, orders.
    Source: commit rows of `purchase_order` of the suppliers, `order.placed` event rows. Known as: excess supply.
    """

    group = "stock"
    defines = (
        Definition(
            name="overbought.units",
            unit="units",
            better="lower",
            meaning="units bought for orders beyond what they had ordered",
            code="OVERBOUGHT",
            title="more units were bought for a back-order than it had ordered",
            subject="order",
            document="purchase_order",
        ),
        Definition(
            name="overbought.orders", unit="orders", better="lower", meaning="orders for which too much was bought"
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Hold what was bought against what was wanted."""
        made = log.commits.filter((pl.col("document") == "purchase_order") & (pl.col("outcome") == "created"))
        bought = made.group_by("correlation", maintain_order=True).agg(pl.col("quantity").sum().alias("bought"))
        wanted = log.derived(order_journeys).select("correlation", "units")
        both = bought.join(wanted, on="correlation", how="left", maintain_order="left")
        over = both.with_columns((pl.col("bought") - pl.col("units").fill_null(0)).alias("over"))
        over = over.filter(pl.col("over") > 0)
        keys = over["correlation"].head(FIRST_KEYS).to_list()
        yield self.reading("overbought.units", float(over["over"].sum()), bought.height, keys=keys)
        yield self.reading("overbought.orders", float(over.height), bought.height, keys=keys)
