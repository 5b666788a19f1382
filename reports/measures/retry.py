"""Retry amplification: how many calls it took to get one thing done."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Retry(Measure):
    """Calls per thing that had to be done.

    Formula: calls that should make a document, divided by the distinct pairs of operation and business key among them:
    1 without any repetition, 1 / (1 - p) for a partner that fails with probability p and a caller that never gives up.
    Reads are left out: asking again for news is no retry. Unit: none. Source: call rows. Known as: retry amplification
    (Google, *Site Reliability Engineering*: handling overload).
    """

    group = "technical"
    defines = (
        Definition(name="retry.amplification", unit="", better="lower", meaning="calls per operation and business key"),
        Definition(
            name="retry.amplification.*",
            unit="",
            better="lower",
            meaning="calls per operation and business key, of one partner",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """In all, and by partner."""
        calls = log.calls.filter((pl.col("document") != "") & (pl.col("key") != ""))
        each = calls.group_by("partner", "operation").agg(
            pl.len().alias("calls"), pl.col("key").n_unique().alias("things")
        )
        counts = each.group_by(pl.col("partner").cast(pl.String)).agg(pl.col("calls", "things").sum()).sort("partner")
        yield self._ratio("retry.amplification", int(counts["calls"].sum()), int(counts["things"].sum()))
        for partner, count, distinct in counts.iter_rows():
            yield self._ratio(f"retry.amplification.{partner}", count, distinct)

    def _ratio(self, name: str, calls: int, things: int) -> Reading:
        if not things:
            return self.reading(name, None, detail="no calls that make a document")
        return self.reading(name, calls / things, things)
