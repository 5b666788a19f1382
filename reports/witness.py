"""A witness: the shortest chain of evidence that shows a finding."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class WitnessRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of evidence in the chain, as it stands there, and in words."""

    number: int
    """Row number in the evidence."""
    time: float
    """Second of the run."""
    kind: str
    """Kind of row: call, commit, event, webhook, stock, sale, fault, phase or note."""
    partner: str
    """Who wrote it."""
    operation: str
    """Operation, event, note or book."""
    document: str
    """Class of the document, kind of the fault, or team of the note."""
    key: str
    """Business key."""
    correlation: str
    """Order number."""
    attempt: int
    """Attempt of the sender, from 1; 0 where it means nothing."""
    outcome: str
    """How it ended."""
    status: int
    """HTTP status or 0."""
    latency: float
    """Seconds as the caller saw them."""
    document_id: str
    """The partner's id of the document, or the location of a stock row."""
    quantity: int
    """Units."""
    amount: int
    """Minor units."""
    rule: str
    """Fault rule that touched it."""
    code: str = ""
    """Why a call was refused, in the partner's own word."""
    words: str
    """What happened, in words."""


def last_strike(witness: Sequence[WitnessRow]) -> WitnessRow | None:
    """The last strike of a fault before the harm: what was made or given up last. Where none is before it, the first.

    None: there is no strike in the witness.
    """
    strikes = [row for row in witness if row.kind == "fault" and row.rule]
    harms = [row.number for row in witness if row.kind in ("commit", "note")]
    before = [row for row in strikes if not harms or row.number < harms[-1]]
    return before[-1] if before else strikes[0] if strikes else None
