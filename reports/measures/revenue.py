"""Revenue: what was earned with goods that left, and what of it leaked away."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.reports.earnings import earned, judged_late, over_refunded, uninvoiced
from seatrial.reports.facts import Facts
from seatrial.reports.findings import FIRST_KEYS
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Revenue(Measure):
    """Money that was earned, and money that was earned and never claimed or given away again.

    Formula: `earned`: the sum over parcels that left before the last `grace` of the run of their units' share of the
    order's total; `leaked`: the same over those without a live invoice, plus per order max(0, live refunds - order
    total); `leakage`: leaked divided by earned. Unit: minor units of the currency, share. Source: commit and event
    rows. Known as: revenue leakage (TM Forum, *Revenue Assurance*: earned and not billed or not kept).
    """

    group = "money"
    defines = (
        Definition(name="revenue.earned", unit="money", meaning="worth of the goods that left"),
        Definition(
            name="revenue.leaked",
            unit="money",
            better="lower",
            meaning="worth of goods that left and were never invoiced, and refunds beyond what an order had cost",
        ),
        Definition(name="revenue.leakage", unit="share", better="lower", meaning="money leaked, of money earned"),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Sum and divide."""
        until = facts.owing_until(log.end)
        parcels, open_ones, refunds = log.derived(earned, until), uninvoiced(log, until), over_refunded(log)
        whole = float(parcels["amount"].sum())
        leaked = float(open_ones["amount"].sum()) + float(refunds["amount"].sum())
        keys = [*open_ones["key"].head(FIRST_KEYS), *refunds["key"].head(FIRST_KEYS)][:FIRST_KEYS]
        yield self.reading("revenue.earned", whole, parcels.height)
        yield judged_late(self.reading("revenue.leaked", leaked, parcels.height, keys=keys), log, facts)
        share, detail = (leaked / whole, "") if whole else (None, "no goods left")
        yield self.reading("revenue.leakage", share, parcels.height, detail=detail, keys=keys)
