"""Attempted: documents that the integration asked for."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Reading
from seatrial.reports.tally import class_definitions, per_class, tally


class Attempted(Measure):
    """Documents that the integration asked a partner to make.

    Formula: per class the number of business keys with a call. Unit: documents. Source: call rows.
    """

    group = "documents"
    defines = class_definitions("attempted", "business keys with a call that should make the document")

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count keys with a call."""
        rows = log.derived(tally).filter(pl.col("attempted")).with_columns(pl.lit(1).alias("count"))
        yield from per_class("attempted", rows, self.reading, log.derived(tally).filter(pl.col("attempted")))
