"""Milestones: whether the network knows where its parcels are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading

_ENDS: Final = ("shipment.delivered", "shipment.returned_to_sender")
_MILESTONES: Final = (
    "shipment.picked_up",
    "shipment.in_transit",
    "shipment.out_for_delivery",
    "shipment.excepted",
    *_ENDS,
)


class Milestones(Measure):
    """Milestones of parcels that reached the integration, and parcels whose whole journey did.

    Formula: `received`: milestones whose webhook was taken at least once, divided by the milestones that carriers saw;
    `completeness`: parcels at the end of their journey all of whose milestones were received, divided by parcels at the
    end of their journey; `recorded`: those whose end stands in the ERP, divided by the same. What carriers saw within
    the last `grace` of the run is left out. Unit: share. Source: event and webhook rows of carriers, calls of
    `record_milestone`. Known as: shipment-event completeness (milestones are those of EDI 214 and IFTSTA).
    """

    group = "shipment"
    defines = (
        Definition(
            name="milestones.received", unit="share", better="higher", meaning="milestones that reached the integration"
        ),
        Definition(
            name="milestones.completeness",
            unit="share",
            better="higher",
            meaning="parcels at their journey's end all of whose milestones reached the integration",
        ),
        Definition(
            name="milestones.recorded",
            unit="share",
            better="higher",
            meaning="parcels at their journey's end of which the ERP knows it",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Hold what carriers saw against what arrived."""
        seen = log.event(*_MILESTONES).filter(pl.col("time") <= facts.owing_until(log.end))
        seen = seen.select("key", "operation")
        taken = log.webhooks.filter((pl.col("outcome") == "ok") & pl.col("operation").is_in(_MILESTONES))
        missed = seen.join(taken, on=["key", "operation"], how="anti", maintain_order="left")
        ended = seen.filter(pl.col("operation").is_in(_ENDS)).select("key").unique(maintain_order=True)
        yield self._share("milestones.received", seen, missed)
        yield self._share(
            "milestones.completeness", ended, ended.join(missed, on="key", how="semi", maintain_order="left")
        )
        booked = log.calls.filter((pl.col("operation") == "record_milestone") & (pl.col("outcome") == "ok")).select(
            "key"
        )
        yield self._share("milestones.recorded", ended, ended.join(booked, on="key", how="anti", maintain_order="left"))

    def _share(self, name: str, whole: pl.DataFrame, failed: pl.DataFrame) -> Reading:
        if not whole.height:
            return self.reading(name, None, detail="no parcel was on its way")
        keys = failed["key"].unique(maintain_order=True).head(5).to_list()
        return self.reading(name, 1 - failed.height / whole.height, whole.height, keys=keys)
