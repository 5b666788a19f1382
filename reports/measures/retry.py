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
    Reads are left out: asking again for news is no retry. Unit: none. Source: call rows.
    """

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
        calls = calls.with_columns(pl.col("partner").cast(pl.String))
        things = calls.select("partner", "operation", "key").unique()
        yield self._ratio("retry.amplification", calls.height, things.height)
        counts = calls.group_by("partner").len().join(things.group_by("partner").len("things"), on="partner")
        for partner, count, distinct in counts.sort("partner").iter_rows():
            yield self._ratio(f"retry.amplification.{partner}", count, distinct)

    def _ratio(self, name: str, calls: int, things: int) -> Reading:
        if not things:
            return self.reading(name, None, detail="no calls that make a document")
        return self.reading(name, calls / things, things)
