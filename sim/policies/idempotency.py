"""Idempotency: what a partner answers when the same write reaches it again.

Every kind decides on what the handler answered. A write that was rejected left nothing behind and may be tried again;
a reply that the link lost was given all the same.
"""

from __future__ import annotations

from collections import OrderedDict
from operator import attrgetter
from typing import Any

import msgspec
import xxhash

from seatrial.sim.call import Call
from seatrial.sim.door import Guard
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.operation import Operation, Request
from seatrial.sim.quantities import ErrorStatus, Seconds

_DAY = 86_400.0


class _Policy(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of the kinds: data only; `guard` puts one to work for one operation."""


class SilentDuplicate(_Policy, frozen=True, tag="silent_duplicate"):
    """The partner does the work again and makes a second document (Odoo create, WooCommerce orders and refunds)."""

    def guard(self, operation: Operation) -> Guard | None:
        """Nothing stands guard."""
        return None


class NaturalKeyReject(_Policy, frozen=True, tag="natural_key_reject"):
    """A business key is taken once: the repeat gets an error that means "already done" (ShipBob, ShipEngine).

    The key stays taken, also after the document was cancelled.
    """

    status: ErrorStatus = 422
    """HTTP status of the refusal."""
    code: str = "already_exists"
    """Error code of the refusal."""
    pointer: bool = False
    """Whether the refusal names the id of the document that has the key."""

    def guard(self, operation: Operation) -> Guard:
        """Needs an operation with a business key. Raises BadInput."""
        _want_key(self, operation)
        return _TakenKeys(self.status, self.code, self.pointer)


class NaturalKeyUpsert(_Policy, frozen=True, tag="natural_key_upsert"):
    """A business key names one record: the repeat gets the first reply, and no second document comes to be.

    A retry carries the same content, so writing it again changes nothing and the handler is not called. Content that
    differs under a known key: see `last_write_wins` (Amazon's package reference, NetSuite's external id, Odoo load).
    """

    last_write_wins: bool = False
    """Whether other content goes to the handler again, for operations that set a record rather than create one;
    else the first content stays."""

    def guard(self, operation: Operation) -> Guard:
        """Needs an operation with a business key. Raises BadInput."""
        _want_key(self, operation)
        return _LastWrites() if self.last_write_wins else _FirstWrites()


class StateGuard(_Policy, frozen=True, tag="state_guard"):
    """The document has moved on: the repeat gets "already done" and no hint which document (EasyPost buy)."""

    status: ErrorStatus = 409
    """HTTP status of the refusal."""
    code: str = "already_done"
    """Error code of the refusal."""

    def guard(self, operation: Operation) -> Guard:
        """Needs an operation with a business key. Raises BadInput."""
        _want_key(self, operation)
        return _TakenKeys(self.status, self.code, pointer=False)


class KeyReplay(_Policy, frozen=True, tag="key_replay"):
    """The sender's idempotency key brings back the first reply (Shopify GraphQL, Amazon Shipping v2).

    The same key with another request is rejected with 422 `idempotency_key_reused`; without a key the write is a
    silent duplicate.
    """

    retention: Seconds = Seconds(_DAY)
    """Seconds for which a key is known."""

    def guard(self, operation: Operation) -> Guard:
        """Works for any operation."""
        return _Replays(self.retention)


class KeyConflict(_Policy, frozen=True, tag="key_conflict"):
    """A known idempotency key gets 400 with a pointer to the document of the first call (NetSuite, asynchronous).

    Without a key the write is a silent duplicate.
    """

    retention: Seconds = Seconds(_DAY)
    """Seconds for which a key is known."""

    def guard(self, operation: Operation) -> Guard:
        """Works for any operation."""
        return _KnownKeys(self.retention, 400, "idempotency_conflict", pointer=True)


class SequenceGuard(_Policy, frozen=True, tag="sequence_guard"):
    """A number in the request must rise for each business key: older and repeated writes get 409 `stale_sequence`
    (Amazon's clientSequenceNumber). Operations without a business key have one sequence.
    """

    field: str = "sequence"
    """Field of the request that holds the number."""

    def guard(self, operation: Operation) -> Guard:
        """Needs an operation whose request has the field. Raises BadInput."""
        fields = operation.request.__struct_fields__
        if self.field not in fields:
            raise BadInput(f"{operation.name} has no such field for a sequence_guard", value=self.field, known=fields)
        return _Sequences(self.field)


class EdiControlNumber(_Policy, frozen=True, tag="edi_control_number"):
    """An interchange control number is taken once: a re-transmission gets 409 `duplicate_interchange` (X12 ISA13).

    It guards the transport only: the same business document under a new control number, or under none, is a silent
    duplicate.
    """

    retention: Seconds = Seconds(30 * _DAY)
    """Seconds for which a control number is known; numbers wrap around, so nobody keeps them for ever."""

    def guard(self, operation: Operation) -> Guard:
        """Works for any operation; the call's idempotency key is the control number."""
        return _KnownKeys(self.retention, 409, "duplicate_interchange", pointer=False)


Idempotency = (
    SilentDuplicate
    | NaturalKeyReject
    | NaturalKeyUpsert
    | StateGuard
    | KeyReplay
    | KeyConflict
    | SequenceGuard
    | EdiControlNumber
)
"""Every kind of idempotency."""


def _want_key(policy: _Policy, operation: Operation) -> None:
    if not operation.key:
        kind = type(policy).__struct_config__.tag
        raise BadInput(f"{kind} needs an operation with a business key", value=operation.name)


def _id_of(reply: Any) -> str:
    return getattr(reply, "id", "")


def _fingerprint(request: Request[Any]) -> int:
    return xxhash.xxh3_64_intdigest(msgspec.msgpack.encode(request))


class _TakenKeys:
    """Business keys and the ids of their documents; nothing else is kept of a write."""

    __slots__ = ("_code", "_ids", "_pointer", "_status")

    def __init__(self, status: int, code: str, pointer: bool) -> None:
        self._status, self._code, self._pointer = status, code, pointer
        self._ids: dict[str, str] = {}

    def recall(self, call: Call, request: Request[Any], now: float) -> None:
        known = self._ids.get(call.key)
        if known is not None:
            raise Rejected(self._code, f"{self._code}: {call.key}", status=self._status, pointer=known)

    def remember(self, call: Call, request: Request[Any], reply: Any, now: float) -> None:
        self._ids[call.key] = _id_of(reply) if self._pointer else ""


class _FirstWrites:
    """Business keys and the first replies."""

    __slots__ = ("_replies",)

    def __init__(self) -> None:
        self._replies: dict[str, Any] = {}

    def recall(self, call: Call, request: Request[Any], now: float) -> Any | None:
        return self._replies.get(call.key)

    def remember(self, call: Call, request: Request[Any], reply: Any, now: float) -> None:
        self._replies[call.key] = reply


class _LastWrites:
    """Business keys, what was last written under them, and the reply to that."""

    __slots__ = ("_written",)

    def __init__(self) -> None:
        self._written: dict[str, tuple[int, Any]] = {}

    def recall(self, call: Call, request: Request[Any], now: float) -> Any | None:
        known = self._written.get(call.key)
        return known[1] if known is not None and known[0] == _fingerprint(request) else None

    def remember(self, call: Call, request: Request[Any], reply: Any, now: float) -> None:
        self._written[call.key] = (_fingerprint(request), reply)


class _KnownKeys:
    """Keys that senders gave, oldest first, each for its retention."""

    __slots__ = ("_code", "_ids", "_oldest", "_pointer", "_retention", "_status")

    def __init__(self, retention: float, status: int, code: str, pointer: bool) -> None:
        self._retention, self._status, self._code, self._pointer = retention, status, code, pointer
        self._ids: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._oldest = 0.0  # second of the run before which no entry was made

    def recall(self, call: Call, request: Request[Any], now: float) -> None:
        if now - self._retention >= self._oldest:
            self._oldest = _forget(self._ids, now - self._retention, now)
        key = call.idempotency_key
        known = self._ids.get(key) if key else None
        if known is not None:
            raise Rejected(self._code, f"{self._code}: {key}", status=self._status, pointer=known[1])

    def remember(self, call: Call, request: Request[Any], reply: Any, now: float) -> None:
        if call.idempotency_key:
            self._ids[call.idempotency_key] = (now, _id_of(reply) if self._pointer else "")


class _Replays:
    """Keys that senders gave, oldest first, with what was asked and answered, each for its retention."""

    __slots__ = ("_answers", "_oldest", "_retention")

    def __init__(self, retention: float) -> None:
        self._retention = retention
        self._answers: OrderedDict[str, tuple[float, int, Any]] = OrderedDict()
        self._oldest = 0.0  # second of the run before which no entry was made

    def recall(self, call: Call, request: Request[Any], now: float) -> Any | None:
        if now - self._retention >= self._oldest:
            self._oldest = _forget(self._answers, now - self._retention, now)
        key = call.idempotency_key
        known = self._answers.get(key) if key else None
        if known is None:
            return None
        if known[1] != _fingerprint(request):
            raise Rejected("idempotency_key_reused", f"the key {key} came with another request", status=422)
        return known[2]

    def remember(self, call: Call, request: Request[Any], reply: Any, now: float) -> None:
        if call.idempotency_key:
            self._answers[call.idempotency_key] = (now, _fingerprint(request), reply)


class _Sequences:
    """The highest number seen for each business key."""

    __slots__ = ("_highest", "_read")

    def __init__(self, field: str) -> None:
        self._read = attrgetter(field)
        self._highest: dict[str, int] = {}

    def recall(self, call: Call, request: Request[Any], now: float) -> None:
        highest = self._highest.get(call.key)
        number = self._read(request)
        if highest is not None and number <= highest:
            raise Rejected("stale_sequence", f"sequence {number} comes after {highest}", status=409)

    def remember(self, call: Call, request: Request[Any], reply: Any, now: float) -> None:
        self._highest[call.key] = self._read(request)


def _forget(entries: OrderedDict[str, Any], before: float, now: float) -> float:
    """Drop the entries made before a time, or at it; the oldest stand in front. Gives the time of the oldest left."""
    while entries:
        made: float = entries[next(iter(entries))][0]
        if made > before:
            return made
        entries.popitem(last=False)
    return now
