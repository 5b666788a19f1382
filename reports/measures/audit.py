"""Audit: whether every invoice can be traced back to an order and a shipment."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.documents import ledger
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Audit(Measure):
    """Invoices with a complete trail: order placed, sales order, parcel that left, shipment, invoice.

    Formula: `audit.completeness`: live invoices whose order number has an `order.placed` event and a sales order, and
    whose parcel number has a `shipment.dispatched` event and a shipment, divided by live invoices; `audit.untraceable`:
    the others. Unit: share, documents. Source: commit and event rows. Known as: audit trail completeness.
    """

    group = "money"
    defines = (
        Definition(
            name="audit.completeness", unit="share", better="higher", meaning="invoices with a complete trail, of all"
        ),
        Definition(
            name="audit.untraceable",
            unit="documents",
            better="lower",
            meaning="invoices without a complete trail",
            code="UNTRACEABLE_INVOICE",
            title="an invoice cannot be traced to an order and a shipment",
            subject="double",
            document="invoice",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Look for every link of every invoice."""
        made = log.derived(ledger).filter(pl.col("created") > 0)
        invoices = made.filter((pl.col("document") == "invoice") & (pl.col("live") > 0))
        trail = invoices.select("key", "correlation")
        by_order = (log.event("order.placed"), made.filter(pl.col("document") == "sales_order"))
        by_parcel = (log.event("shipment.dispatched"), made.filter(pl.col("document") == "shipment"))
        for link in by_order:
            trail = trail.join(link.select("correlation").unique(), on="correlation", how="semi")
        for link in by_parcel:
            trail = trail.join(link.select("key").unique(), on="key", how="semi")
        broken = invoices.join(trail, on="key", how="anti", maintain_order="left")["key"]
        count = invoices.height
        share, detail = (1 - broken.len() / count, "") if count else (None, "no invoices")
        keys = broken.head(5).to_list()
        yield self.reading("audit.completeness", share, count, detail=detail, keys=keys)
        yield self.reading("audit.untraceable", float(broken.len()), count, keys=keys)
