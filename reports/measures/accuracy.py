"""Accuracy: how often a book was right about what there is."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.curves import erp_gaps, erp_stretches, listing_gaps, listing_stretches
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Accuracy(Measure):
    """Share of records and time in which a book agreed with the warehouses.

    Formula: 1 - (time in which a record was wrong, summed over records) / (number of records x length of the run).
    A record of `erp` is a SKU in a warehouse, wrong while its book differs from on hand; a record of `listing` is a SKU
    in a channel, wrong while it offers more than is available (gaps as in `drift`). `at_end` is the share of records
    that are right at the end. Listings of all channels and of each. Unit: share. Source: stock rows. Known as:
    inventory record accuracy (ASCM Supply Chain Dictionary), there at one count; here over all time.
    """

    group = "stock"
    defines = (
        Definition(
            name="accuracy.erp", unit="share", better="higher", meaning="time in which the ERP's book was right"
        ),
        Definition(
            name="accuracy.erp.at_end",
            unit="share",
            better="higher",
            meaning="records of the ERP that are right at the end",
        ),
        Definition(
            name="accuracy.listing",
            unit="share",
            better="higher",
            meaning="time in which listings offered no more than there was",
        ),
        Definition(
            name="accuracy.listing.at_end",
            unit="share",
            better="higher",
            meaning="listings that offer no more than there is at the end",
        ),
        Definition(
            name="accuracy.listing.*",
            unit="share",
            better="higher",
            meaning="time in which the listings of one channel offered no more than there was",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Both books; listings by channel, too."""
        erp, listings = log.derived(erp_stretches), log.derived(listing_stretches)
        yield from self._book("accuracy.erp", log.derived(erp_gaps), erp, log.end)
        gaps = log.derived(listing_gaps)
        yield from self._book("accuracy.listing", gaps, listings, log.end)
        for channel in gaps["place"].unique().sort():
            mine = pl.col("place") == channel
            yield self._share(f"accuracy.listing.{channel}", gaps.filter(mine), listings.filter(mine), log.end)

    def _book(self, name: str, gaps: pl.DataFrame, wrong: pl.DataFrame, end: int) -> Iterable[Reading]:
        yield self._share(name, gaps, wrong, end)
        last = gaps.group_by("place", "sku", maintain_order=True).agg(pl.col("gap").last() > 0)
        share, detail = (1 - float(last["gap"].sum()) / last.height, "") if last.height else (None, "no such book")
        yield self.reading(f"{name}.at_end", share, last.height, detail=detail)

    def _share(self, name: str, gaps: pl.DataFrame, wrong: pl.DataFrame, end: int) -> Reading:
        records = gaps.select("place", "sku").n_unique() if gaps.height else 0
        if not records or not end:
            return self.reading(name, None, detail="no such book, or no time went by")
        return self.reading(name, 1 - float(wrong["lasted"].sum()) / (records * end), records)
