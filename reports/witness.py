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


def culprit(witness: Sequence[WitnessRow], share: str = "") -> WitnessRow | None:
    """The strike that the harm came of: on a call that had made a document, and hid that from its caller; else the last
    before the harm, of the rule that the harmed documents have in common (`share`, in the words of `Blame`) before any
    other. Where none is before it, the first.

    None: there is no strike in the witness.
    """
    strikes = [row for row in witness if row.kind == "fault" and row.rule]
    harms = [row for row in witness if row.kind in ("commit", "note")]
    before = [row for row in strikes if not harms or row.number < harms[-1].number]
    shared = [row for row in before if f" {row.rule} struck" in share]
    found = shared or before or strikes[:1]
    return hiding_strike(witness) or (found[-1] if found else None)


def hiding_strike(witness: Sequence[WitnessRow]) -> WitnessRow | None:
    """The first strike on a call that had made a document before the last of its class, and did not tell its caller;
    None: there is none in the witness.
    """
    commits = [row for row in witness if row.kind == "commit"]
    made = [row for row in commits[:-1] if row.document == commits[-1].document]
    strikes = (row for row in witness if row.kind == "fault" and row.rule)
    return next((row for row in strikes if _hid(row, witness, made)), None)


def call_struck(strike: WitnessRow, witness: Sequence[WitnessRow]) -> WitnessRow | None:
    """The call that a strike fell on; None: it fell on no call, or that is not in the witness."""
    calls = [row for row in witness if row.kind == "call" and _same(row) == _same(strike)]
    return min(calls, key=lambda row: abs(row.number - strike.number), default=None)


def _hid(strike: WitnessRow, witness: Sequence[WitnessRow], made: Sequence[WitnessRow]) -> bool:
    """Whether the call that was struck had made one of some documents, and its caller does not know."""
    call = call_struck(strike, witness)
    return call is not None and call.outcome != "ok" and any(_maker(each, witness) == call for each in made)


def _maker(commit: WitnessRow, witness: Sequence[WitnessRow]) -> WitnessRow | None:
    """The call that made a document: a partner commits before its caller sees the call end."""
    about = (commit.partner, commit.document, commit.key)
    ended = (row for row in witness if row.kind == "call" and row.number > commit.number)
    return next((row for row in ended if (row.partner, row.document, row.key) == about), None)


def _same(row: WitnessRow) -> tuple[str, str, str, int]:
    return row.partner, row.operation, row.key, row.attempt
