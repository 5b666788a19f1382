"""Healed: duplicates that somebody reversed again."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.documents import CLASSES
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Reading
from seatrial.reports.tally import class_definitions, per_class, tally


class Healed(Measure):
    """Duplicates that lived for a while and were reversed before the end of the run.

    Formula: per class the sum over business keys of (copies beyond the first that ever lived - those that live at the
    end). A document that was reversed before its successor was made was never a duplicate. Unit: documents. Source:
    commit rows of all partners.
    """

    group = "documents"
    defines = class_definitions("healed", "duplicates that were reversed again", "lower", CLASSES)

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count copies that are gone again."""
        made = log.derived(tally).filter(pl.col("created") > 0)
        left = (pl.col("live") - 1).clip(lower_bound=0)
        gone = made.with_columns((pl.col("ever") - left).alias("count")).filter(pl.col("count") > 0)
        yield from per_class("healed", gone, self.reading, made, CLASSES)
