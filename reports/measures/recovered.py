"""Recovered: documents that are there although no caller was ever told so."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Reading
from seatrial.reports.tally import class_definitions, per_class, tally


class Recovered(Measure):
    """Documents that live at the end of the run although every call for them failed in the eyes of its caller.

    Formula: per class the number of business keys with calls, none of which ended ok, and a live document: the reply
    was lost and the integration found out by looking. Unit: documents. Source: call and commit rows.
    """

    group = "documents"
    defines = class_definitions("recovered", "business keys alive at the end although no call for them ended ok")

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count keys that live without an acknowledged call."""
        rows = (
            log.derived(tally)
            .filter(pl.col("attempted") & ~pl.col("acknowledged") & (pl.col("live") > 0))
            .with_columns(pl.lit(1).alias("count"))
        )
        yield from per_class("recovered", rows, self.reading, log.derived(tally).filter(pl.col("attempted")))
