"""Money: what is at risk because a document is missing or there is one too many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from seatrial.reports.documents import live_documents
from seatrial.reports.earnings import judged_late, over_refunded, uninvoiced
from seatrial.reports.facts import Facts
from seatrial.reports.journeys import parcel_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading, Subject

_KINDS: Final[Mapping[str, tuple[str, Subject, str]]] = {
    "shipped_not_invoiced": ("goods left and were never invoiced", "owed", "invoice"),
    "invoiced_twice": ("a parcel was invoiced more than once", "double", "invoice"),
    "invoiced_not_shipped": ("an invoice stands for goods that never left", "double", "invoice"),
    "refunded_twice": ("a shopper got the same refund more than once", "double", "refund"),
    "over_refunded": ("a shopper got more money back than the order had cost", "order", ""),
    "refunded_not_credited": ("a return was refunded and the books do not know of it", "owed", "credit_memo"),
    "credited_not_refunded": ("a return was credited and the shopper got no money", "owed", "refund"),
    "labels_twice": ("a parcel has more than one paid label", "double", "label"),
}
"""What is found, what its keys name, and the class of the document."""


def _define(kind: str) -> Definition:
    title, subject, document = _KINDS[kind]
    return Definition(
        name=f"money.{kind}",
        unit="money",
        better="lower",
        meaning=title,
        code=kind.upper(),
        title=title,
        subject=subject,
        document=document,
        part_of="" if kind == "over_refunded" else "money.at_risk",
    )


class Money(Measure):
    """Money that is lost or owed because documents do not match.

    Formula, each a sum of amounts: `shipped_not_invoiced`: parcels that left before the last `grace` of the run and
    have no live invoice, at their units' share of the order's total, not measured where all parcels left later and one
    of them has none; `invoiced_twice`, `refunded_twice`,
    `labels_twice`: live documents beyond the first per business key; `invoiced_not_shipped`: live invoices of parcels
    that never left; `over_refunded`: per order max(0, live refunds - order total); `refunded_not_credited`,
    `credited_not_refunded`: returns with one live document and not the other. `at_risk` is the sum of all but
    `over_refunded`, whose causes are counted already. Unit: minor units of the currency. Source: commit and event rows.
    Known as: revenue at risk.
    """

    group = "money"
    defines = (
        *(_define(kind) for kind in _KINDS),
        Definition(name="money.at_risk", unit="money", better="lower", meaning="all money that is lost or owed"),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Add up each kind."""
        alive = log.derived(live_documents)
        piles = {
            "shipped_not_invoiced": uninvoiced(log, facts.owing_until(log.end)),
            "invoiced_twice": _extra(alive, "invoice"),
            "invoiced_not_shipped": _without(_of(alive, "invoice"), log.derived(parcel_journeys)),
            "refunded_twice": _extra(alive, "refund"),
            "over_refunded": over_refunded(log),
            "refunded_not_credited": _without(self._for_returns(log, alive, "refund"), _of(alive, "credit_memo")),
            "credited_not_refunded": _without(_of(alive, "credit_memo"), _of(alive, "refund")),
            "labels_twice": _extra(alive, "label"),
        }
        total = 0.0
        for kind, pile in piles.items():
            amount = float(pile["amount"].sum())
            total += amount if kind != "over_refunded" else 0.0
            found = self.reading(f"money.{kind}", amount, pile.height, keys=pile["key"].head(5).to_list())
            yield judged_late(found, log, facts) if kind == "shipped_not_invoiced" else found
        at_risk = self.reading("money.at_risk", total, sum(pile.height for pile in piles.values()))
        yield judged_late(at_risk, log, facts)

    def _for_returns(self, log: Logbook, alive: pl.DataFrame, document: str) -> pl.DataFrame:
        return _of(alive, document).join(
            log.event("return.requested").select("key").unique(), on="key", how="semi", maintain_order="left"
        )


def _of(alive: pl.DataFrame, document: str) -> pl.DataFrame:
    return alive.filter(pl.col("document") == document)


def _extra(alive: pl.DataFrame, document: str) -> pl.DataFrame:
    """Live documents beyond the first of their key."""
    return _of(alive, document).filter(pl.col("key").cum_count().over("key") > 1)


def _without(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Rows whose key the others do not have."""
    return rows.join(others, on="key", how="anti", maintain_order="left").select("key", "amount")
