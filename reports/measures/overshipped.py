"""Overshipped: goods that left although nobody had ordered them, or not any more."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.sold import order_lines


class Overshipped(Measure):
    """Units that left a dock beyond what their order still wanted.

    Formula: the sum over orders and SKUs of max(0, units shipped - units placed + units cancelled). Goods for an order
    that no channel took count in full. Unit: units. Source: sale rows: placed and cancelled by channels, shipped by
    warehouses.
    """

    group = "stock"
    defines = (
        Definition(
            name="overshipped.units",
            unit="units",
            better="lower",
            meaning="units shipped beyond what was ordered and not cancelled",
            code="OVERSHIPPED",
            title="more units left the dock for an order than it wanted",
            subject="order",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Sum of what left too much."""
        lines = log.derived(order_lines)
        beyond = pl.col("shipped") - pl.col("placed") + pl.col("cancelled")
        over = lines.with_columns(beyond.alias("over")).filter((pl.col("over") > 0) & (pl.col("shipped") > 0))
        keys = over["correlation"].unique(maintain_order=True).head(5).to_list()
        yield self.reading("overshipped.units", float(over["over"].sum()), lines.height, keys=keys)
