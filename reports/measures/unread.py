"""Unread: requests that their partner could not make sense of."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading

_NOTE = "unread"


class Unread(Measure):
    """Requests for known operations that were turned away before anything was asked of the partner's books.

    Formula: the number of requests whose body, content type or headers a partner could not read; what it missed stands
    in the note beside the call. Our own typed clients send none. Unit: calls. Source: note rows `unread`.
    """

    group = "technical"
    defines = (
        Definition(
            name="unread.calls",
            unit="calls",
            better="lower",
            meaning="requests that their partner could not read",
            code="UNREAD_REQUEST",
            title="a partner could not read what it was sent",
            subject="order",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """How many, and of which orders."""
        notes = log.notes.filter(pl.col("operation").cast(pl.String) == _NOTE)
        orders = notes.filter(pl.col("correlation") != "")["correlation"].unique(maintain_order=True)
        yield self.reading("unread.calls", float(notes.height), log.calls.height, keys=orders.head(5).to_list())
