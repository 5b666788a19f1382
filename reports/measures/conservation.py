"""Conservation: whether the warehouses' own books add up."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Conservation(Measure):
    """Units never vanish from a warehouse without a reason that stands in the evidence.

    Formula: `conservation.unexplained`: over warehouses and SKUs the sum of |falls of on hand - units shipped - units
    written off|; `conservation.negative`: levels below zero in any book; `conservation.overallocated`: bins whose
    allocated units exceed on hand at the end of any instant. All are zero in a sound world: anything else says that a
    partner of the simulation keeps its books wrongly. Unit: units, rows. Source: stock rows, sale rows `shipped`,
    `inventory.adjusted` event rows.
    """

    group = "stock"
    defines = (
        Definition(
            name="conservation.unexplained",
            unit="units",
            better="lower",
            meaning="units that left a warehouse's book without a reason",
            code="UNITS_UNEXPLAINED",
            title="units left a warehouse's book without a reason",
            subject="sku",
        ),
        Definition(
            name="conservation.negative",
            unit="rows",
            better="lower",
            meaning="stock levels below zero",
            code="NEGATIVE_STOCK",
            title="a book shows less than nothing of a SKU",
            subject="sku",
        ),
        Definition(
            name="conservation.overallocated",
            unit="rows",
            better="lower",
            meaning="instants at which more was allocated than on hand",
            code="OVERALLOCATED",
            title="a warehouse promised more units than its book has",
            subject="sku",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Check every bin."""
        yield self._unexplained(log)
        below = log.stock.filter((pl.col("quantity") < 0) & (pl.col("operation") != "book"))
        yield self.reading("conservation.negative", float(below.height), log.stock.height, keys=_first(below))
        yield self._overallocated(log)

    def _unexplained(self, log: Logbook) -> Reading:
        on_hand = log.stock.filter(pl.col("operation") == "on_hand")
        fall = (-pl.col("quantity").diff().over("partner", "key")).fill_null(0).clip(lower_bound=0)
        fell = on_hand.select("partner", "key", fall.alias("units"))
        shipped = log.sales.filter(pl.col("operation") == "shipped").select("partner", "key", -pl.col("quantity"))
        adjusted = log.event("inventory.adjusted").select("partner", "key", pl.col("quantity").clip(upper_bound=0))
        reasons = pl.concat([shipped, adjusted]).rename({"quantity": "units"})
        both = pl.concat([fell, reasons]).group_by("partner", "key", maintain_order=True).agg(pl.col("units").sum())
        odd = both.filter(pl.col("units") != 0)
        return self.reading("conservation.unexplained", float(odd["units"].abs().sum()), both.height, keys=_first(odd))

    def _overallocated(self, log: Logbook) -> Reading:
        books = log.stock.filter(pl.col("operation").cast(pl.String).is_in(["on_hand", "allocated"]))
        sides = (
            pl.when(pl.col("operation") == side).then(pl.col("quantity")).alias(side)
            for side in ("on_hand", "allocated")
        )
        wide = books.select("partner", "key", "time", *sides).with_columns(
            pl.col("on_hand", "allocated").forward_fill().over("partner", "key").fill_null(0)
        )
        last = wide.group_by("partner", "key", "time", maintain_order=True).last()
        over = last.filter(pl.col("allocated") > pl.col("on_hand"))
        return self.reading("conservation.overallocated", float(over.height), last.height, keys=_first(over))


def _first(rows: pl.DataFrame) -> list[str]:
    return rows["key"].unique(maintain_order=True).head(5).to_list()
