"""Oversold: units that channels sold and no warehouse ever had."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.sold import oversold


class Oversold(Measure):
    """Units sold beyond everything that the network had physically had by then.

    Formula: per SKU the highest value over time of max(0, units placed - cancelled - (units in the warehouses at the
    begin + received + restocked - vanished)), summed over SKUs. Unit: units. Source: sale rows of channels; stock rows
    `on_hand`, whose rises are what came in; `inventory.shrunk` event rows. Known as: overselling.
    """

    group = "stock"
    defines = (
        Definition(
            name="oversold.units",
            unit="units",
            better="lower",
            meaning="units sold beyond what there was, at the worst moment of each SKU",
            code="OVERSOLD",
            title="more units of a SKU were sold than the network ever had by then",
            subject="sku",
            document="listing",
        ),
        Definition(name="oversold.skus", unit="", better="lower", meaning="SKUs that were ever oversold"),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Sum of the worst moments."""
        worst = log.derived(oversold)
        skus = log.sales["key"].n_unique()
        keys = worst["sku"].head(5).to_list()
        yield self.reading("oversold.units", float(worst["units"].sum()), skus, keys=keys)
        yield self.reading("oversold.skus", float(worst.height), skus, keys=keys)
