"""What a partner's books say of a test: the calls that were made, and the documents that live."""

from __future__ import annotations

import msgspec
import polars as pl

from seatrial.reports.documents import live_documents
from seatrial.reports.logbook import Logbook


class CallRecord(msgspec.Struct, frozen=True):
    """A call as its caller saw it end."""

    at: float
    """Second of the basin's clock at which it ended."""
    operation: str
    """What was asked; empty: nothing that the partner knows."""
    key: str
    """Business key."""
    order_no: str
    """Order number."""
    attempt: int
    """Number of the attempt: as the caller says it in X-Attempt, else counted by operation and business key."""
    outcome: str
    """ok, rejected, timed_out, reset, refused, unreadable."""
    status: int
    """HTTP status; 0: there was no answer."""
    took: float
    """Seconds of virtual time."""
    fault: str
    """Name of the rule that struck it; empty: none."""


class DocumentRecord(msgspec.Struct, frozen=True):
    """A document that lives in a partner's books."""

    id: str
    """The partner's number."""
    key: str
    """Business key."""
    order_no: str
    """Order number."""
    quantity: int
    """Units."""
    amount: int
    """Minor units."""
    at: float
    """Second of the basin's clock at which it was made."""


_CALL = {
    "at": "time", "operation": "operation", "key": "key", "order_no": "correlation", "attempt": "attempt",
    "outcome": "outcome", "status": "status", "took": "latency", "fault": "rule",
}  # fmt: skip
_MICROSECONDS = 1e6


def calls_of(evidence: pl.DataFrame, partner: str) -> tuple[CallRecord, ...]:
    """The calls to a partner, in the order in which they ended."""
    rows = evidence.filter((pl.col("kind") == "call") & (pl.col("partner") == partner))
    rows = rows.with_columns(pl.col("time", "latency") / _MICROSECONDS)
    cells = rows.select([pl.col(column).alias(field) for field, column in _CALL.items()])
    return tuple(CallRecord(*row) for row in cells.iter_rows())


def documents_of(evidence: pl.DataFrame, partner: str, document: str) -> dict[str, tuple[DocumentRecord, ...]]:
    """The documents of a class that live in a partner's books, by business key, oldest first."""
    alive = live_documents(Logbook(evidence)).filter(
        (pl.col("partner").cast(pl.String) == partner) & (pl.col("document").cast(pl.String) == document)
    )
    found: dict[str, tuple[DocumentRecord, ...]] = {}
    for row in alive.iter_rows(named=True):
        record = DocumentRecord(
            id=row["document_id"],
            key=row["key"],
            order_no=row["correlation"],
            quantity=row["quantity"],
            amount=row["amount"],
            at=row["time"] / _MICROSECONDS,
        )
        found[record.key] = (*found.get(record.key, ()), record)
    return found
