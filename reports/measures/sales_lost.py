"""Sales lost: what shoppers wanted and the listing did not offer."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class SalesLost(Measure):
    """Units that shoppers wanted and did not get because the listing showed too little.

    Formula: the sum of quantities. Unit: units. Source: `sale.lost` event rows. Known as: lost sales, stock-out at the
    listing.
    """

    group = "stock"
    defines = (
        Definition(
            name="sales_lost.units",
            unit="units",
            better="lower",
            meaning="units that shoppers wanted beyond what the listing offered",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Sum of what was turned away."""
        lost = log.event("sale.lost")
        keys = lost["correlation"].unique(maintain_order=True).head(5).to_list()
        yield self.reading("sales_lost.units", float(lost["quantity"].sum()), lost.height, keys=keys)
