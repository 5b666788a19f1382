"""Telling: what a row of evidence says, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import polars as pl

from seatrial.reports.witness import WitnessRow
from seatrial.sim.events import EVENTS
from seatrial.sim.rows import SCHEMA
from seatrial.sim.units import Money, format_money, short_duration

_ENDINGS: Final[Mapping[str, str]] = {
    "ok": "done",
    "timed_out": "no reply",
    "refused": "connection refused",
    "reset": "connection reset",
    "unreadable": "the reply was unreadable",
    "cancelled": "nobody waited for the reply",
}
_SALES: Final[Mapping[str, str]] = {
    "placed": "sold",
    "cancelled": "cancelled",
    "returned": "on their way back",
    "shipped": "shipped",
}
_BOOKS: Final[Mapping[str, str]] = {
    "on_hand": "on hand",
    "allocated": "allocated",
    "listing": "on offer",
    "book": "in the stock book",
    "physical": "on the shelf, unknown to anybody,",
}


def told(rows: pl.DataFrame, currency: str = "") -> tuple[WitnessRow, ...]:
    """Rows of evidence, with all their columns, as witnesses with words."""
    names = [name for name in SCHEMA if name not in ("time", "latency")]
    seconds = rows.select(pl.col("time", "latency") / 1_000_000)
    columns = rows.select(names).with_columns(pl.col(pl.Categorical).cast(pl.String)).with_columns(seconds)
    bare = (WitnessRow(**row, words="") for row in columns.iter_rows(named=True))
    return tuple(msgspec.structs.replace(row, words=words(row, currency)) for row in bare)


def words(row: WitnessRow, currency: str = "") -> str:
    """What a row says, without who and when."""
    tell = _TELL.get(row.kind)
    text = tell(row) if tell is not None else f"{row.kind} {row.operation} {row.key} {row.outcome}"
    if row.amount and row.kind in ("commit", "event"):
        text += f", {format_money(Money(row.amount, currency)) if currency else f'{row.amount} minor units'}"
    return text


def _call(row: WitnessRow) -> str:
    ending = _ENDINGS.get(row.outcome, row.outcome)
    if row.outcome == "rejected":
        ending = f"rejected with {' '.join(filter(None, (str(row.status), row.code)))}"
    again = f", attempt {row.attempt}" if row.attempt > 1 else ""
    return f"asked to {_work(row)}{again}: {ending} after {short_duration(row.latency)}{_rule(row)}"


def _commit(row: WitnessRow) -> str:
    what = f"{_plain(row.document)} {row.key}"
    if row.outcome == "replayed":
        return f"knows {what} already: the work was not done again"
    number = f" as {row.document_id}" if row.document_id and row.document_id != row.key else ""
    units = f", {_units(row.quantity)}" if row.quantity else ""
    return f"{row.outcome} {what}{number}{units}"


def _event(row: WitnessRow) -> str:
    known = EVENTS.get(row.operation)
    units = f", {_units(row.quantity)}" if row.quantity else ""
    return f"{known.meaning if known else row.operation} ({row.key}{units})"


def _webhook(row: WitnessRow) -> str:
    ending = {"ok": "taken", "failed": "not taken", "dropped": "lost on the way", "gave_up": "given up"}
    again = f", delivery {row.attempt}" if row.attempt > 1 else ""
    return f"told {row.operation} of {row.key}{again}: {ending.get(row.outcome, row.outcome)}{_rule(row)}"


def _stock(row: WitnessRow) -> str:
    place = f" of {row.document_id}" if row.document_id else ""
    return f"{_units(row.quantity)} of {row.key} {_BOOKS.get(row.operation, row.operation)}{place} now"


def _sale(row: WitnessRow) -> str:
    return f"{_units(abs(row.quantity))} of {row.key} {_SALES.get(row.operation, row.operation)} for {row.correlation}"


def _fault(row: WitnessRow) -> str:
    effect = "" if row.outcome == "mattered" else ", and nobody noticed"
    return f"fault {row.document} struck {_work(row)}{_rule(row)}{effect}"


def _phase(row: WitnessRow) -> str:
    return f"fault window {row.rule}: {row.outcome}" if row.rule else f"{row.key}: {row.outcome}"


def _note(row: WitnessRow) -> str:
    parts = [_plain(row.operation), row.key, f"for {_plain(row.document)}" if row.document else ""]
    detail = f": {row.document_id}" if row.document_id else ""
    return " ".join(part for part in parts if part) + detail


def _work(row: WitnessRow) -> str:
    """What was asked for, and of what; a list is of nothing."""
    return f"{_plain(row.operation)} {row.key}".rstrip()


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _units(count: int) -> str:
    return f"{count} unit" if abs(count) == 1 else f"{count:,} units"


def _rule(row: WitnessRow) -> str:
    return f" [{row.rule}]" if row.rule else ""


_TELL: Final[Mapping[str, Callable[[WitnessRow], str]]] = {
    "call": _call,
    "commit": _commit,
    "event": _event,
    "webhook": _webhook,
    "stock": _stock,
    "sale": _sale,
    "fault": _fault,
    "phase": _phase,
    "note": _note,
}
