"""Overstated: documents that tell of more goods than their parcel had in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from seatrial.reports.documents import live_documents
from seatrial.reports.facts import Facts
from seatrial.reports.journeys import parcel_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading

_TOLD: Final = ("shipment_confirmation", "shipment", "invoice")


class Overstated(Measure):
    """Units that somebody was told had left, beyond those in the parcel.

    Formula: the sum over live shipment confirmations, shipments and invoices of max(0, their units - units that were
    dispatched in their parcel). Documents of parcels that never left are not counted here (`unexpected`, `money`).
    Unit: units. Source: commit rows, `shipment.dispatched` event rows.
    """

    group = "stock"
    defines = (
        Definition(
            name="overstated.units",
            unit="units",
            better="lower",
            meaning="units that channels and ERP were told had left, beyond those in the parcel",
            code="OVERSTATED",
            title="more units were confirmed, posted or invoiced than left in the parcel",
            subject="order",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Sum of what was told too much."""
        parcels = log.derived(parcel_journeys).select("key", "units")
        told = log.derived(live_documents).filter(pl.col("document").is_in(_TOLD))
        each = told.join(parcels, on="key", how="inner", maintain_order="left")
        over = each.with_columns((pl.col("quantity") - pl.col("units")).alias("over")).filter(pl.col("over") > 0)
        keys = over["correlation"].unique(maintain_order=True).head(5).to_list()
        yield self.reading("overstated.units", float(over["over"].sum()), each.height, keys=keys)
