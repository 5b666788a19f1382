"""Lost: documents that should exist and do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from seatrial.reports.documents import FLOW
from seatrial.reports.facts import Facts
from seatrial.reports.grace import unless_too_young
from seatrial.reports.kept_back import orders_struck
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.obligations import ever_owed, owed
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.tally import missing, per_class

_FINDINGS: Final = {
    "sales_order": ("LOST_ORDER", "an order that a shopper placed never became a sales order"),
    "fulfilment": ("UNRELEASED_ORDER", "an order was neither released to a warehouse nor put on back-order"),
    "parcel": ("UNPACKED_RELEASE", "a release that a warehouse took on never became a parcel"),
    "label": ("MISSING_LABEL", "a parcel left the dock without a live label"),
    "shipment_confirmation": ("UNCONFIRMED_SHIPMENT", "a parcel left and its channel was never told"),
    "shipment": ("UNPOSTED_SHIPMENT", "a parcel left and the ERP has no shipment for it"),
    "invoice": ("MISSING_INVOICE", "a parcel left and was never invoiced"),
    "credit_memo": ("MISSING_CREDIT", "returned goods came in and were never credited"),
    "refund": ("MISSING_REFUND", "a shopper is owed money and got none"),
    "notification": ("CUSTOMER_NOT_TOLD", "a parcel left and its customer was not told"),
}


def _define(document: str) -> Definition:
    code, title = _FINDINGS[document]
    return Definition(
        name=f"lost.{document}",
        unit="documents",
        better="lower",
        meaning=title,
        code=code,
        title=title,
        subject="owed",
        document=document,
        part_of="lost.total",
    )


class Lost(Measure):
    """Documents that the trade owes and that do not live at the end of the run, or that were promised and never made.

    Formula: per class the number of business keys that are owed (the table in `seatrial.reports.obligations`) without a
    live document, plus those of calls that were answered as done and of which no partner ever made the document. Not
    measured where something is missing and all that is owed fell due within the last `grace` of the run. Unit:
    documents. Source: event rows for what is owed, commit and call rows for what there is. Known as: lost elements, in
    a queue as Jepsen checks it.
    """

    group = "documents"
    defines = (
        *(_define(document) for document in FLOW),
        Definition(name="lost.total", unit="documents", better="lower", meaning="lost documents of all classes"),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count what is missing."""
        until = facts.owing_until(log.end)
        rows = log.derived(missing, until).with_columns(pl.lit(1).alias("count"))
        strikes = orders_struck(log, facts.feeds)
        waiting = _waiting(log, facts)
        for each in per_class("lost", rows, self.reading, log.derived(owed, until), strikes=strikes):
            yield unless_too_young(each, each.samples, waiting.get(each.name, 0), facts)


def _waiting(log: Logbook, facts: Facts) -> Mapping[str, int]:
    """What is missing and had time until after the end, by the name of its reading."""
    young = pl.col("time").is_between(facts.owing_until(log.end), facts.over(log.end), closed="right")
    missed = log.derived(ever_owed).filter(young & ~pl.col("met") & pl.col("document").is_in(FLOW))
    counts: dict[str, int] = dict(missed.group_by("document").len().iter_rows())
    return {**{f"lost.{document}": count for document, count in counts.items()}, "lost.total": missed.height}
