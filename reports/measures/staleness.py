"""Staleness: how long a book stood wrong before it was put right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from seatrial.reports.curves import erp_gaps, erp_stretches, listing_gaps, listing_stretches
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.percentiles import STATISTICS, spread
from seatrial.reports.reading import Definition, Reading

_BOOKS: Final = {
    "erp": "the ERP's book of a SKU in a warehouse stood apart from the shelf",
    "listing": "a channel offered more of a SKU than there was",
}


class Staleness(Measure):
    """Time for which a book stood apart from the warehouses without a break.

    Formula: the lengths of the unbroken stretches in which a SKU's gap (as in `drift`) is above zero, a stretch that is
    still open counted to the end of the run; percentiles by nearest rank. Unit: s. Source: stock rows. Known as: age of
    a stale record.
    """

    group = "stock"
    defines = tuple(
        Definition(
            name=f"staleness.{book}.{statistic}", unit="s", better="lower", meaning=f"{statistic} of the time {words}"
        )
        for book, words in _BOOKS.items()
        for statistic in STATISTICS
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Spread of the stretches of both books."""
        for book, table, apart in (("erp", erp_gaps, erp_stretches), ("listing", listing_gaps, listing_stretches)):
            lasted = log.derived(apart)["lasted"]
            if log.derived(table).height and not lasted.len():
                yield from (self._never(book, statistic) for statistic in STATISTICS)
            else:
                yield from spread(f"staleness.{book}", lasted, self.reading)

    def _never(self, book: str, statistic: str) -> Reading:
        return self.reading(f"staleness.{book}.{statistic}", 0.0, detail="the book was never wrong")
