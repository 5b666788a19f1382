"""Laws of idempotency: what each kind gives when the same write comes again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.call import REQUEST, Call
from seatrial.sim.door import Door
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.operation import Operation, Request
from seatrial.sim.policies.idempotency import (
    EdiControlNumber,
    Idempotency,
    KeyConflict,
    KeyReplay,
    NaturalKeyReject,
    NaturalKeyUpsert,
    SequenceGuard,
    SilentDuplicate,
    StateGuard,
)
from seatrial.sim.quantities import Seconds, read_quantity


class Entered(msgspec.Struct, frozen=True):
    id: str


class EnterOrder(Request[Entered], frozen=True):
    order_no: str
    amount: int = 1
    sequence: int = 0


ENTER = Operation(
    name="enter_order",
    method="POST",
    path="/orders",
    request=EnterOrder,
    reply=Entered,
    document="sales_order",
    key="order_no",
    order="order_no",
    write=True,
    summary="Enter an order.",
)


class Ledger:
    """A partner with one operation behind a policy: every call of its handler makes a document."""

    def __init__(self, policy: Idempotency) -> None:
        self.documents: list[str] = []
        self.replays = 0
        self.door = Door(ENTER, self._enter, (), policy.guard(ENTER), self._replayed)

    def enter(
        self, order_no: str = "MP-1", amount: int = 1, *, key: str = "", sequence: int = 0, now: float = 0.0
    ) -> str:
        """Id of the document, or the code and pointer of the refusal."""
        call = Call("erp", "enter_order", REQUEST, order_no, order_no, 1, key)
        try:
            reply: Entered = self.door.act(call, EnterOrder(order_no, amount, sequence), now)
        except Rejected as error:
            return f"{error.status} {error.code} {error.pointer}".rstrip()
        return reply.id

    def _enter(self, request: Any) -> Entered:
        if request.amount <= 0:
            raise Rejected("bad_amount")
        self.documents.append(request.order_no)
        return Entered(f"SO-{len(self.documents)}")

    def _replayed(self, operation: Operation, call: Call) -> None:
        self.replays += 1


KINDS: Sequence[Idempotency] = [
    SilentDuplicate(),
    NaturalKeyReject(),
    NaturalKeyUpsert(),
    NaturalKeyUpsert(last_write_wins=True),
    StateGuard(),
    KeyReplay(),
    KeyConflict(),
    SequenceGuard(),
    EdiControlNumber(),
]
GUARDED = KINDS[1:]
by_name = pytest.mark.parametrize("policy", KINDS, ids=repr)
guarded = pytest.mark.parametrize("policy", GUARDED, ids=repr)
writes = st.lists(st.tuples(st.sampled_from(["MP-1", "SF-1", "B2B-1"]), st.integers(1, 2)), max_size=12)


def test_a_silent_duplicate_makes_a_second_document() -> None:
    """Nobody stands guard: each write is a document."""
    ledger = Ledger(SilentDuplicate())
    assert [ledger.enter(key="k"), ledger.enter(key="k")] == ["SO-1", "SO-2"]


def test_a_taken_natural_key_is_rejected() -> None:
    """The repeat gets 422, with other content too, and no document."""
    ledger = Ledger(NaturalKeyReject())
    assert [ledger.enter(), ledger.enter(), ledger.enter(amount=2)] == ["SO-1", *["422 already_exists"] * 2]


def test_a_rejected_natural_key_can_point_to_its_document() -> None:
    """Some vendors name the document that has the key, under a status and code of their own."""
    ledger = Ledger(NaturalKeyReject(status=409, code="identifier_conflict", pointer=True))
    assert [ledger.enter(), ledger.enter()] == ["SO-1", "409 identifier_conflict SO-1"]


def test_an_upsert_gives_the_first_reply_again() -> None:
    """The repeat gets the same record; the handler is not called and the first content stays."""
    ledger = Ledger(NaturalKeyUpsert())
    assert [ledger.enter(), ledger.enter(), ledger.enter(amount=2)] == ["SO-1"] * 3
    assert (ledger.documents, ledger.replays) == (["MP-1"], 2)


def test_an_upsert_whose_last_write_wins_hands_on_other_content() -> None:
    """The same content gets the last reply again; other content goes to the handler, which sets the record."""
    ledger = Ledger(NaturalKeyUpsert(last_write_wins=True))
    answers = [ledger.enter(amount=amount) for amount in (1, 1, 2, 2, 1)]
    assert answers == ["SO-1", "SO-1", "SO-2", "SO-2", "SO-3"]


def test_a_state_guard_says_already_done() -> None:
    """The repeat gets 409 and no hint which document."""
    ledger = Ledger(StateGuard())
    assert [ledger.enter(), ledger.enter()] == ["SO-1", "409 already_done"]


def test_a_replayed_key_brings_back_the_first_reply() -> None:
    """The same key with the same request gives the same reply and makes nothing."""
    ledger = Ledger(KeyReplay())
    assert [ledger.enter(key="k"), ledger.enter(key="k"), ledger.enter(key="l")] == ["SO-1", "SO-1", "SO-2"]
    assert ledger.replays == 1


def test_a_replayed_key_does_not_take_another_request() -> None:
    """The same key with another request is a mistake of the sender: 422, no document."""
    ledger = Ledger(KeyReplay())
    assert [ledger.enter(key="k"), ledger.enter(amount=2, key="k")] == ["SO-1", "422 idempotency_key_reused"]


def test_a_known_key_conflicts_and_points_to_the_first() -> None:
    """The repeat gets 400 with the id of the document that the first call made."""
    ledger = Ledger(KeyConflict())
    assert [ledger.enter(key="k"), ledger.enter(key="k")] == ["SO-1", "400 idempotency_conflict SO-1"]


def test_an_interchange_is_taken_once() -> None:
    """A control number that comes again is rejected; the same order under a new one is a second document."""
    ledger = Ledger(EdiControlNumber())
    answers = [ledger.enter(key=key) for key in ("000000101", "000000101", "000000102")]
    assert answers == ["SO-1", "409 duplicate_interchange", "SO-2"]


@pytest.mark.parametrize("policy", [KeyReplay(), KeyConflict(), EdiControlNumber()], ids=repr)
def test_without_a_key_a_write_is_a_silent_duplicate(policy: Idempotency) -> None:
    """What goes by the sender's key does not help a sender that gives none."""
    ledger = Ledger(policy)
    assert [ledger.enter(), ledger.enter()] == ["SO-1", "SO-2"]


@given(numbers=st.lists(st.integers(0, 20)))
def test_a_sequence_only_rises(numbers: list[int]) -> None:
    """Of writes on one business key exactly those are taken whose number is above all taken before."""
    ledger = Ledger(SequenceGuard())
    highest = -1
    for number in numbers:
        answer = ledger.enter(sequence=number)
        assert answer.startswith("SO-") if number > highest else answer == "409 stale_sequence"
        highest = max(highest, number)
    assert ledger.enter("SF-1", sequence=0).startswith("SO-")


@pytest.mark.parametrize("policy", [KeyReplay(Seconds(100)), KeyConflict(Seconds(100)), EdiControlNumber(Seconds(100))])
@given(gaps=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 80, width=16)), max_size=20))
def test_a_key_is_known_for_its_retention(policy: Idempotency, gaps: list[tuple[str, float]]) -> None:
    """A key is refused or replayed until its retention is over, and forgotten then, from the oldest on."""
    ledger, now, taken = Ledger(policy), 0.0, dict[str, float]()
    for key, gap in gaps:
        now += gap
        before = len(ledger.documents)
        ledger.enter(key=key, now=now)
        is_new = now - taken.get(key, -1000.0) >= 100
        assert len(ledger.documents) == before + is_new
        if is_new:
            taken[key] = now


@pytest.mark.parametrize("policy", [KeyReplay(Seconds(10)), KeyConflict(Seconds(10)), EdiControlNumber(Seconds(10))])
def test_forgotten_keys_leave_memory(policy: Any) -> None:
    """What is kept of keys is bounded by rate times retention, however long a run is."""
    guard = policy.guard(ENTER)
    for second in range(1000):
        call = Call("erp", "enter_order", REQUEST, "k", "k", 1, f"key-{second}")
        assert guard.recall(call, EnterOrder("k"), float(second)) is None
        guard.remember(call, EnterOrder("k"), Entered("SO-1"), float(second))
    kept = [getattr(guard, name) for name in guard.__slots__]
    assert max(len(each) for each in kept if isinstance(each, dict)) <= 11


@guarded
def test_a_rejected_write_leaves_nothing_behind(policy: Idempotency) -> None:
    """What the handler refused was not done: the corrected write is taken."""
    ledger = Ledger(policy)
    assert ledger.enter(amount=0, key="k", sequence=1) == "422 bad_amount"
    assert ledger.enter(key="k", sequence=1) == "SO-1"


@guarded
@given(asked=writes)
def test_one_key_is_one_document(policy: Idempotency, asked: list[tuple[str, int]]) -> None:
    """However often a write is repeated, with its own key and number, there is one document."""
    ledger = Ledger(policy)
    for order_no, _ in asked:
        ledger.enter(order_no, key=f"key of {order_no}", sequence=1)
    assert sorted(ledger.documents) == sorted({order_no for order_no, _ in asked})


@by_name
@given(asked=writes)
def test_different_keys_do_not_disturb_each_other(policy: Idempotency, asked: list[tuple[str, int]]) -> None:
    """Writes under keys of their own are all taken."""
    ledger = Ledger(policy)
    for number, (order_no, _) in enumerate(asked):
        ledger.enter(f"{order_no}-{number}", key=str(number), sequence=number)
    assert len(ledger.documents) == len(asked)


@by_name
def test_a_kind_can_be_written_down(policy: Idempotency) -> None:
    """What a scenario says about a policy is what it gets."""
    plain = msgspec.to_builtins(policy, enc_hook=float)
    assert msgspec.convert(plain, Idempotency, dec_hook=read_quantity) == policy


def test_an_unknown_setting_is_not_swallowed() -> None:
    """A misspelt field of a policy is an error, not a default."""
    with pytest.raises(msgspec.ValidationError, match="retension"):
        msgspec.convert({"kind": "key_replay", "retension": "1 h"}, Idempotency, dec_hook=read_quantity)


@pytest.mark.parametrize("policy", [NaturalKeyReject(), NaturalKeyUpsert(), StateGuard()], ids=repr)
def test_a_natural_key_needs_a_business_key(policy: Idempotency) -> None:
    """An operation without a business key cannot be guarded by it; the error names both."""
    keyless = msgspec.structs.replace(ENTER, key="")
    with pytest.raises(BadInput, match="needs an operation with a business key: 'enter_order'"):
        policy.guard(keyless)


def test_a_sequence_needs_its_field() -> None:
    """A field that the request does not have is an error that names those it has."""
    with pytest.raises(BadInput, match=r"no such field.*'version'.*known: order_no, amount, sequence"):
        SequenceGuard(field="version").guard(ENTER)
