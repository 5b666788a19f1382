"""Acknowledged: documents that a partner said it made."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Reading
from seatrial.reports.tally import class_definitions, per_class, tally


class Acknowledged(Measure):
    """Documents that a partner said it made.

    Formula: per class the number of business keys with a call that ended ok. Unit: documents. Source: call rows.
    """

    group = "documents"
    defines = class_definitions("acknowledged", "business keys with a call that ended ok")

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count keys with a call that ended well."""
        rows = log.derived(tally).filter(pl.col("acknowledged")).with_columns(pl.lit(1).alias("count"))
        yield from per_class("acknowledged", rows, self.reading, log.derived(tally).filter(pl.col("attempted")))
