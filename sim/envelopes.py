"""What HTTP carries around the documents: how a partner says no, and the headers that both sides know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from seatrial.sim.errors import CallError, Rejected, Unreadable
from seatrial.sim.retryafter import read_retry_after

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the document they should be, deep or badly encoded ones included."""
IDEMPOTENCY_KEY: Final = "idempotency-key"
"""Header with the caller's idempotency key; for EDI the control number."""
CORRELATION: Final = "x-correlation-id"
"""Header with the caller's own correlation id, which is recorded and otherwise ignored."""
TRACE: Final = "traceparent"
"""Header of the W3C trace context, likewise."""
ATTEMPT: Final = "x-attempt"
"""Header with the number of the attempt, from 1, for callers that count; else attempts are counted by business key."""
BUSINESS_TIME: Final = "x-business-time"
"""Header of every reply: the second of the run on the business clock at which it was given."""
STRUCK: Final = "x-seatrial-struck"
"""Header of a call that a fault has struck before it reaches its partner: who struck it writes what became of it."""
RETRY_AFTER: Final = "retry-after"
"""Header in which a partner says how long to wait."""
FOREIGN_BODIES: Final[Mapping[str, bytes]] = {
    "html": b"<!DOCTYPE html><html><body>Service unavailable</body></html>",
    "malformed": b'{"id": ',
    "empty": b"",
}
"""What somebody else says in the place of a partner, by the word of the fate."""
GARBLED: Final = b"{"
"""What is left of a reply that was malformed on its way."""
DROPS: Final = 8
"""Pieces in which a body drips."""
SILENCE: Final = 120.0
"""Seconds after which a connection on which nobody answers is closed."""


class Complaint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a partner refuses."""

    code: str
    """Error code, for programs."""
    message: str
    """What is wrong, for people."""
    pointer: str = ""
    """Id of the document that already exists under the same key, where a policy tells it."""


class Refusal(msgspec.Struct, frozen=True):
    """Body of every reply that is not a 2xx of the partner's own."""

    error: Complaint
    """Why."""


_REFUSAL = msgspec.json.Decoder(Refusal)


def refusal_of(error: Rejected) -> bytes:
    """The body in which a partner says what it raised."""
    return msgspec.json.encode(Refusal(Complaint(error.code, str(error), error.pointer)))


def failure_of(status: int, body: bytes, retry_after: str, now: datetime) -> CallError:
    """What a caller makes of a reply that is not 2xx: the partner's own words, or a page of somebody else."""
    try:
        said = _REFUSAL.decode(body).error
    except UNREADABLE:
        return Unreadable(f"status {status} with a body that is no refusal", status=status, body=excerpt(body))
    wait = read_retry_after(retry_after, now) if retry_after else None
    return Rejected(said.code, said.message, status=status, retry_after=wait, pointer=said.pointer)


def excerpt(body: bytes) -> str:
    """The beginning of a body, as text."""
    return body[:200].decode("utf-8", "replace")
