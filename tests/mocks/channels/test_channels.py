"""Laws of all three kinds of channel: what they sell, confirm, cancel, take back and refund."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mocks.messages.channel import (
    AcknowledgeOrder,
    AnswerCancellation,
    AnswerReturn,
    ChangePromise,
    ConfirmShipment,
    GetOrder,
    ListingUpdate,
    RefundOrder,
    SubmitListings,
)
from seatrial.mocks.messages.orders import Units
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import HarnessError, Rejected
from seatrial.sim.policies.idempotency import KeyReplay, NaturalKeyReject

DAY = 86_400.0


@pytest.fixture(params=["marketplace", "storefront", "b2b"])
def channel(request, ground, open_channel):
    return open_channel(ground, request.param)


def confirm(number, parcel, **units):
    lines = tuple(Units(sku, count) for sku, count in units.items())
    return ConfirmShipment(number, parcel, "falcon", "F-1", lines)


def test_a_channel_sells_what_its_listing_says(channel, order, rows):
    """A line is trimmed to what is listed, and what is missing is a lost sale."""
    sold = channel.place(order("1", A=7, B=10, X=1))
    rest = channel.place(order("2", A=7, B=1))
    assert [(line.sku, line.quantity) for line in sold.lines] == [("A", 7), ("B", 10)]
    assert [(line.sku, line.quantity) for line in rest.lines] == [("A", 3)]
    assert channel.place(order("3", A=1, B=1)) is None
    lost = rows("event", "key", "correlation", "quantity", operation="sale.lost")
    assert lost == [("X", "1", 1), ("A", "2", 4), ("B", "2", 1), ("A", "3", 1), ("B", "3", 1)]


def test_every_sale_is_in_the_log(channel, order, rows):
    """Each line sold is a sale row and a new level of the listing; the order is one event with its total."""
    channel.place(order("1", A=2, B=3))
    assert rows("sale", "partner", "operation", "key", "correlation", "quantity") == [
        (channel.name, "placed", "A", "1", 2),
        (channel.name, "placed", "B", "1", 3),
    ]
    assert rows("stock", "operation", "key", "quantity")[-2:] == [("listing", "A", 8), ("listing", "B", 7)]
    assert rows("event", "key", "quantity", "amount", operation="order.placed") == [("1", 5, 500)]


def test_a_promise_is_made_and_can_be_changed(channel, order, rows):
    """What the channel promises stands in the log from the sale on, each new date as another event."""
    sold = channel.place(order("1", A=1))
    channel.change_promise(ChangePromise("1", 5 * DAY))
    assert sold.ship_by == 2 * DAY
    assert rows("event", "key", "document_id", operation="order.promised") == [("1", "172800"), ("1", "432000")]


def test_an_order_number_is_sold_once(channel, order):
    """Shoppers never use an order number twice: the harness would be broken."""
    channel.place(order("1", A=1))
    with pytest.raises(HarnessError, match="twice"):
        channel.place(order("1", A=1))


def test_an_order_goes_from_placed_to_shipped(channel, order):
    """Acknowledged once told, part shipped with the first parcel, shipped with the last; parcels are counted once."""
    channel.place(order("1", A=2, B=1))
    states = [channel.get_order(GetOrder("1")).state]
    for act, request in (
        (channel.acknowledge_order, AcknowledgeOrder("1")),
        (channel.confirm_shipment, confirm("1", "P1", A=2)),
        (channel.confirm_shipment, confirm("1", "P1", A=2)),
        (channel.confirm_shipment, confirm("1", "P2", B=1)),
    ):
        act(request)
        states.append(channel.get_order(GetOrder("1")).state)
    assert states == ["placed", "acknowledged", "part_shipped", "part_shipped", "shipped"]
    assert channel.get_order(GetOrder("1")).confirmed == ("P1", "P2")


def test_without_a_policy_a_repeat_is_a_second_document(channel, order, rows):
    """A channel that guards nothing confirms, refunds and acknowledges twice when it is asked twice."""
    channel.place(order("1", A=2))
    for _ in range(2):
        channel.acknowledge_order(AcknowledgeOrder("1"))
        channel.confirm_shipment(confirm("1", "P1", A=2))
        channel.refund_order(RefundOrder("1", "1/RMA1", 100, "returned"))
    commits = rows("commit", "document", "key", outcome="created")
    for document in (("acknowledgement", "1"), ("shipment_confirmation", "P1"), ("refund", "1/RMA1")):
        assert commits.count(document) == 2


@pytest.mark.parametrize("policy", [KeyReplay(), NaturalKeyReject()])
def test_a_policy_at_the_door_stops_the_second_document(ground, open_channel, order, rows, policy):
    """Idempotency belongs to the door: with it the same refund is given once."""
    channel = open_channel(ground, "storefront", Conduct(idempotency={"*": policy}))
    channel.place(order("1", A=2))
    door = channel.door(RefundOrder)
    call = Call("storefront", "refund_order", REQUEST, "1/RMA1", "1", 1, idempotency_key="k")
    request = RefundOrder("1", "1/RMA1", 100, "returned")
    door.act(call, request, 0.0)
    with suppress(Rejected):
        door.act(call, request, 0.0)
    assert rows("commit", "key", document="refund", outcome="created") == [("1/RMA1",)]


def test_refunds_stop_at_what_was_paid(channel, order):
    """Refunds of one order never add up to more than the guard allows, and a refund is above zero."""
    channel.place(order("1", A=2))
    channel.refund_order(RefundOrder("1", "a", 150, ""))
    with pytest.raises(Rejected, match="150 of 200") as refused:
        channel.refund_order(RefundOrder("1", "b", 51, ""))
    assert refused.value.code == "over_refund"
    with pytest.raises(Rejected, match="0 minor units"):
        channel.refund_order(RefundOrder("1", "c", 0, ""))
    channel.refund_order(RefundOrder("1", "d", 50, ""))
    assert channel.get_order(GetOrder("1")).refunds == ("a", "d")


def test_a_guard_of_two_lets_a_refund_be_given_twice(ground, open_channel, order):
    """How far refunds may go beyond what was paid is a setting."""
    channel = open_channel(ground, "storefront", refund_guard=2.0)
    channel.place(order("1", A=1))
    for number in ("a", "b"):
        channel.refund_order(RefundOrder("1", number, 100, ""))
    with pytest.raises(Rejected):
        channel.refund_order(RefundOrder("1", "c", 1, ""))


def test_a_cancelled_order_is_unsold(channel, order, rows):
    """The sale rows of an order that was cancelled in time add up to nothing."""
    channel.place(order("1", A=2, B=1))
    assert channel.request_cancellation("1")
    channel.answer_cancellation(AnswerCancellation("1", True, "asked"))
    assert sum(units for (units,) in rows("sale", "quantity")) == 0
    assert rows("event", "quantity", "amount", operation="cancellation.accepted") == [(3, 300)]
    with pytest.raises(Rejected) as refused:
        channel.confirm_shipment(confirm("1", "P1", A=2))
    assert refused.value.code == "order_cancelled"


def test_only_what_has_not_left_is_cancelled(channel, order, rows):
    """After a part was shipped, a cancellation takes back the rest; the order counts as shipped."""
    channel.place(order("1", A=3, B=1))
    channel.confirm_shipment(confirm("1", "P1", A=2))
    channel.answer_cancellation(AnswerCancellation("1", True, "cannot be filled"))
    assert rows("sale", "key", "quantity", operation="cancelled") == [("A", -1), ("B", -1)]
    assert channel.get_order(GetOrder("1")).state == "shipped"


def test_a_cancellation_is_answered_once(channel, order, rows):
    """Saying it again changes nothing; after the last parcel it is too late."""
    channel.place(order("1", A=1))
    channel.place(order("2", A=1))
    for _ in range(2):
        channel.answer_cancellation(AnswerCancellation("1", True, "asked"))
    channel.confirm_shipment(confirm("2", "P2", A=1))
    with pytest.raises(Rejected) as refused:
        channel.answer_cancellation(AnswerCancellation("2", True, "asked"))
    assert refused.value.code == "already_shipped"
    channel.answer_cancellation(AnswerCancellation("2", False, "too late"))
    assert len(rows("event", "key", operation="cancellation.accepted")) == 1
    assert rows("event", "key", operation="cancellation.refused") == [("2",)]


def test_a_shopper_asks_to_cancel_once_and_in_time(channel, order):
    """The shop offers it while something can be cancelled, and not a second time."""
    channel.place(order("1", A=1))
    channel.place(order("2", A=1))
    channel.confirm_shipment(confirm("2", "P2", A=1))
    assert [channel.request_cancellation(number) for number in ("1", "1", "2", "unknown")] == [
        True,
        False,
        False,
        False,
    ]


def test_a_return_goes_from_wish_to_road(channel, order, rows):
    """A return has a number of its own, is answered once, and is a sale taken back when the goods leave."""
    channel.place(order("1", A=3))
    rma_no = channel.request_return("1", (Units("A", 2),), "not wanted")
    channel.answer_return(AnswerReturn("1", rma_no, "north"))
    channel.return_shipped(rma_no)
    channel.answer_return(AnswerReturn("1", rma_no, "south"))
    assert rma_no == "1/RMA1"
    assert rows("sale", "key", "quantity", operation="returned") == [("A", -2)]
    for number, rma, place in (("1", "1/RMA2", "north"), ("9", "9/RMA1", "north"), ("1", rma_no, "east")):
        with pytest.raises(Rejected, match="no "):
            channel.answer_return(AnswerReturn(number, rma, place))


def test_return_numbers_are_never_given_twice(channel, order):
    """A return asked for before the last parcel keeps its number, and the next one of the order gets another."""
    channel.place(order("1", A=2, B=1))
    channel.confirm_shipment(confirm("1", "P1", A=2))
    first = channel.request_return("1", (Units("A", 1),), "damaged")
    channel.confirm_shipment(confirm("1", "P2", B=1))
    second = channel.request_return("1", (Units("B", 1),), "damaged")
    for rma_no in (first, second):
        channel.answer_return(AnswerReturn("1", rma_no, "north"))
        channel.return_shipped(rma_no)
    assert (first, second) == ("1/RMA1", "1/RMA2")
    assert channel.get_order(GetOrder("1")).confirmed == ("P1", "P2")


@pytest.mark.parametrize(
    "request_",
    [
        AcknowledgeOrder("9"),
        confirm("9", "P", A=1),
        ChangePromise("9", 1.0),
        AnswerCancellation("9", True, ""),
        AnswerReturn("9", "9/RMA1", "north"),
        RefundOrder("9", "r", 1, ""),
    ],
)
def test_an_unknown_order_is_rejected(channel, request_):
    """Every operation on an order that the channel does not know ends in 404; looking it up does not."""
    act = getattr(channel, channel.operations[type(request_)].name)
    with pytest.raises(Rejected) as refused:
        act(request_)
    assert (refused.value.code, refused.value.status) == ("unknown_order", 404)
    assert channel.get_order(GetOrder("9")).state == "unknown"


def test_a_finished_order_is_forgotten(ground, open_channel, order):
    """Orders leave the book some time after `keep` from their last parcel, unless a return is under way."""
    channel = open_channel(ground, "storefront", keep=100.0)
    for number in ("1", "2", "3"):
        channel.place(order(number, A=1))
    for number in ("1", "2"):
        channel.confirm_shipment(confirm(number, f"P{number}", A=1))
    channel.request_return("2", (Units("A", 1),), "not wanted")
    ground.env.run(until=99)
    channel.place(order("0", B=1))
    assert channel.orders.get("1") is not None
    ground.env.run(until=300)
    channel.place(order("4", B=1))
    states = [channel.get_order(GetOrder(number)).state for number in ("1", "2", "3", "4")]
    assert states == ["unknown", "shipped", "placed", "placed"]
    assert channel.request_return("1", (Units("A", 1),), "late") == ""


steps = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.sampled_from("ABX"), st.integers(1, 12)),
        st.tuples(st.just("list"), st.sampled_from("ABX"), st.integers(0, 12)),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(steps)
def test_units_sold_never_exceed_the_listing(fresh, open_channel, order, taken):
    """Between two updates of a listing no more is sold than the first of them set, and no level is below zero."""
    channel = open_channel(fresh(), "storefront")
    budget = {"A": 10, "B": 10, "X": 0}
    for number, (what, sku, units) in enumerate(taken):
        if what == "list":
            channel.submit_listings(SubmitListings(number, (ListingUpdate(sku, units),)))
            budget[sku] = units
        else:
            sold = channel.place(order(str(number), **{sku: units}))
            budget[sku] -= sum(line.quantity for line in sold.lines) if sold else 0
        assert budget[sku] >= 0
        assert channel.listings.level(sku) == budget[sku]
