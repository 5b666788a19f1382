"""Drift: how far the books lie apart from the shelves."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.curves import erp_gaps, listing_gaps, total_curve
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import HOUR, Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading, Unit


def _define(book: str, words: str) -> Iterable[Definition]:
    names: tuple[tuple[str, Unit, str], ...] = (
        ("peak", "units", f"most {words} at any moment"),
        ("unit_hours", "unit h", f"{words}, summed over time"),
    )
    for name, unit, meaning in names:
        yield Definition(name=f"drift.{book}.{name}", unit=unit, better="lower", meaning=meaning)
    yield Definition(
        name=f"drift.{book}.left",
        unit="units",
        better="lower",
        meaning=f"{words} at the end of the run",
        code=f"DRIFT_LEFT_{book.upper()}",
        title=f"{words} at the end of the run",
        subject="sku",
        document="book" if book == "erp" else "listing",
    )


class Drift(Measure):
    """Units by which the ERP's book, or a channel's listing, is apart from what lies in the warehouses.

    Formula: levels are step functions over time. `erp`: the sum over warehouses and SKUs of |on hand - book|.
    `listing`: the sum over channels and SKUs of max(0, listing - available), where available is on hand - allocated in
    all warehouses: a channel that offers less than there is does not drift, it loses sales. `peak` is the highest
    value, `unit_hours` the integral, `left` the value at the end. Unit: units, unit h. Source: stock rows. Known as:
    inventory drift, inventory variance.
    """

    group = "headline"
    defines = (
        *_define("erp", "units between the warehouses and the ERP's stock book"),
        *_define("listing", "units that channels offer beyond what is there"),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Peak, integral and rest of both."""
        yield from self._read("erp", log.derived(erp_gaps), log.end)
        yield from self._read("listing", log.derived(listing_gaps), log.end)

    def _read(self, book: str, gaps: pl.DataFrame, end: int) -> Iterable[Reading]:
        curve = total_curve(gaps)
        lasts = curve["time"].shift(-1).fill_null(end) - curve["time"]
        peak = curve["units"].max() if curve.height else 0
        last = gaps.group_by("place", "sku").agg(pl.col("gap").last()).filter(pl.col("gap") > 0)
        worst = last.sort(["gap", "place", "sku"], descending=[True, False, False])["sku"].unique(maintain_order=True)
        pairs = gaps.select("place", "sku").n_unique() if gaps.height else 0
        yield self.reading(f"drift.{book}.peak", float(peak), pairs)  # type: ignore[arg-type]
        yield self.reading(f"drift.{book}.unit_hours", float((curve["units"] * lasts).sum() / HOUR), pairs)
        yield self.reading(f"drift.{book}.left", float(last["gap"].sum()), pairs, keys=worst.head(5).to_list())
