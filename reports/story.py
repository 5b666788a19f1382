"""The story of one order, partner by partner, in time order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.nearest import nearest
from seatrial.reports.telling import told
from seatrial.reports.witness import WitnessRow
from seatrial.sim.errors import UnknownName
from seatrial.sim.units import short_duration

_WHO: Final = 13
"""Columns for the name of who tells."""


def story(log: Logbook, order: str, facts: Facts) -> tuple[WitnessRow, ...]:
    """Every row of evidence that belongs to an order, in the order of the log.

    Raises UnknownName for an order that the evidence does not know, with the nearest that it does.
    """
    return told(rows_of(log, order), facts.currency)


def rows_of(log: Logbook, order: str) -> pl.DataFrame:
    """The rows themselves. Raises UnknownName for an order that the evidence does not know."""
    wanted = (pl.col("correlation") == order) | (pl.col("key") == order) | pl.col("key").str.starts_with(f"{order}/")
    rows = log.rows.filter(wanted).collect() if order else pl.DataFrame()  # what belongs to no order has an empty one
    if not rows.height:
        raise _unknown(log, order)
    return rows


def story_lines(rows: tuple[WitnessRow, ...], facts: Facts) -> Iterator[str]:
    """The story as plain lines: when, how long after the line before, who, what happened."""
    before = rows[0].time if rows else 0.0
    for row in rows:
        gap = row.time - before
        waited = f"+{short_duration(gap)}" if gap >= 0.001 else ""
        yield f"{moment(row.time, facts)}  {waited:>12}  {who(row):<{_WHO}}  {row.words}  #{row.number}"
        before = row.time


def moment(seconds: float, facts: Facts) -> str:
    """A second of the run on its own wall clock; the plain duration where nobody said when the run began."""
    try:
        start = datetime.fromisoformat(facts.started)
    except ValueError:
        return f"{seconds:12.3f} s"
    return f"{start + timedelta(seconds=seconds):%a %d %b %H:%M:%S}"


def who(row: WitnessRow) -> str:
    """Who tells a row: calls are told by the integration to a partner."""
    return f"→ {row.partner}" if row.kind == "call" else f"{row.partner} →" if row.kind == "webhook" else row.partner


def _unknown(log: Logbook, order: str) -> UnknownName:
    known = log.event("order.placed")["key"].unique(maintain_order=True)
    hint = f"the evidence holds {known.len():,} orders; these are some of them"
    return UnknownName("no such order in this run", value=order, known=nearest(order, known), hint=hint)
