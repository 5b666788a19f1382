"""Duplicate rate: how much of what was done was done once too often."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.documents import FLOW
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.tally import tally


class DuplicateRate(Measure):
    """Live documents beyond the first per business key, as a share of all live documents.

    Formula: per class `duplicates` divided by the live documents of the class at the end of the run; for the flow's
    classes together the sums of both. Unit: share. Source: commit rows of all partners. Known as: duplicate
    transaction rate.
    """

    group = "documents"
    defines = tuple(
        Definition(
            name=f"duplicate_rate.{document}",
            unit="share",
            better="lower",
            meaning=f"live documents beyond the first under their business key, of all live ones: {document}",
        )
        for document in (*FLOW, "total")
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Divide what is too much by what there is."""
        alive = log.derived(tally).filter((pl.col("live") > 0) & pl.col("document").is_in(FLOW))
        sums = alive.group_by("document").agg((pl.col("live") - 1).sum().alias("extra"), pl.col("live").sum())
        counts: dict[str, tuple[int, int]] = {document: (extra, live) for document, extra, live in sums.iter_rows()}
        counts["total"] = (int(sums["extra"].sum()), int(sums["live"].sum()))
        for document in (*FLOW, "total"):
            extra, live = counts.get(document, (0, 0))
            value, detail = (extra / live, "") if live else (None, "no such document lives")
            yield self.reading(f"duplicate_rate.{document}", value, live, detail=detail)
