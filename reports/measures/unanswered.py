"""Unanswered: what shoppers asked for and nobody ever answered."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.grace import unless_too_young
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class Unanswered(Measure):
    """Wishes to cancel or to return goods that the channel never got an answer to.

    Formula: distinct keys of `cancellation.requested` without `cancellation.accepted` or `cancellation.refused` of the
    channel, and of `return.requested` without `return.authorised` or `return.refused` of the ERP; what was asked for
    within the last `grace` of the run is left out, and not measured where that is all and some of it is open. Unit:
    number. Source: event rows of channels and ERP.
    """

    group = "orders"
    defines = (
        Definition(
            name="unanswered.cancellations",
            unit="",
            better="lower",
            meaning="wishes to cancel that nobody answered",
            code="UNANSWERED_CANCELLATION",
            title="a shopper wanted to cancel and never got an answer",
            subject="order",
        ),
        Definition(
            name="unanswered.returns",
            unit="",
            better="lower",
            meaning="wishes to return goods that nobody answered",
            code="UNANSWERED_RETURN",
            title="a shopper wanted to send goods back and never got an answer",
            subject="owed",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Hold what was asked for against what was answered."""
        yield self._open(log, facts, "cancellation", ("cancellation.accepted", "cancellation.refused"), "cancellations")
        yield self._open(log, facts, "return", ("return.authorised", "return.refused"), "returns")

    def _open(self, log: Logbook, facts: Facts, wish: str, answers: tuple[str, ...], what: str) -> Reading:
        asked = log.event(f"{wish}.requested").unique("key", keep="first", maintain_order=True)
        answered = log.event(*answers).select("key")
        due = pl.col("time") <= facts.owing_until(log.end)
        judged, open_ones = asked.filter(due), asked.join(answered, on="key", how="anti", maintain_order="left")
        left = open_ones.filter(due)
        keys = left["key"].head(5).to_list()
        found = self.reading(f"unanswered.{what}", float(left.height), judged.height, keys=keys)
        return unless_too_young(found, judged.height, open_ones.height, facts)
