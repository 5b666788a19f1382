"""Ok: documents that were promised and are there."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Reading
from seatrial.reports.tally import class_definitions, per_class, tally


class Ok(Measure):
    """Documents that a partner said it made and that live at the end of the run.

    Formula: per class the number of business keys with a call that ended ok and a live document. Unit: documents.
    Source: call and commit rows.
    """

    group = "documents"
    defines = class_definitions("ok", "business keys acknowledged and alive at the end")

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count keys that were acknowledged and live."""
        rows = (
            log.derived(tally)
            .filter(pl.col("acknowledged") & (pl.col("live") > 0))
            .with_columns(pl.lit(1).alias("count"))
        )
        yield from per_class("ok", rows, self.reading, log.derived(tally).filter(pl.col("acknowledged")))
