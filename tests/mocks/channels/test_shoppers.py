"""Laws of the shoppers: what they buy, how they change their minds, and what they send back."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mocks.messages.channel import AnswerCancellation, AnswerReturn, ConfirmShipment, ListingUpdate
from seatrial.mocks.messages.channel import SubmitListings as Submit
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.purchases import Habits, PlannedReturn, Purchase, StrayReturn
from seatrial.mocks.shoppers import Shoppers
from seatrial.sim.cargo import CUSTOMERS, Delivery, Parcel
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.latency import Constant
from seatrial.sim.quantities import Seconds, Share

HOUR, DAY = 3600.0, 86_400.0
SOON = Constant(Seconds(HOUR))


class Yard:
    """A warehouse that only takes returns in."""

    def __init__(self, ground, *names):
        self.came = []
        for name in names:
            ground.road.open(name, lambda cargo, name=name: self.came.append((name, cargo)))


@pytest.fixture
def shop(ground, open_channel):
    """A storefront with plenty of everything."""
    channel = open_channel(ground, "storefront")
    channel.submit_listings(Submit(1, tuple(ListingUpdate(sku, 10_000) for sku in "ABC")))
    return channel


@pytest.fixture
def yard(ground):
    return Yard(ground, "north", "south")


def let_loose(ground, shop, intents, until=100 * DAY, **habits):
    shoppers = Shoppers(ground, {"storefront": shop}, iter(intents), Habits(**habits), until)
    shoppers.start()
    return shoppers


def deliver(ground, order_no, *goods, parcel_no="P1"):
    ground.road.send(CUSTOMERS, Parcel(parcel_no, order_no, "T1", "north", tuple(goods)))


def answer_returns(ground, shop, rows, warehouse="north"):
    """Grant every return that was asked for, as an integration would."""
    for rma_no, order_no in rows("event", "key", "correlation", operation="return.requested"):
        shop.answer_return(AnswerReturn(order_no, rma_no, warehouse))


def test_shoppers_come_at_their_times(ground, shop, order, rows):
    """Purchases are made when the stream says, several at one moment in its order, and none after the end."""
    times = [0.0, 5.0, 5.0, 90.0, 100.0]
    stream = [Purchase(at, "storefront", order(str(number), A=1)) for number, at in enumerate(times)]
    let_loose(ground, shop, stream, until=100)
    ground.env.run(until=1000)
    placed = rows("event", "time", "key", operation="order.placed")
    assert placed == [(0, "0"), (5_000_000, "1"), (5_000_000, "2"), (90_000_000, "3")]


def test_the_stream_is_read_as_time_goes_by(ground, shop, order):
    """However long the demand is, only the next intent is held."""
    read = []

    def endless():
        number = 0
        while True:
            number += 1
            read.append(number)
            yield Purchase(number * 10.0, "storefront", order(str(number), A=1))

    let_loose(ground, shop, endless())
    ground.env.run(until=55)
    assert len(read) == 6


def test_intents_out_of_order_break_the_harness(ground, shop, order):
    """A demand that goes back in time is an error of its maker."""
    stream = [Purchase(at, "storefront", order(str(at), A=1)) for at in (10.0, 5.0)]
    let_loose(ground, shop, stream)
    with pytest.raises(HarnessError, match="back in time"):
        ground.env.run(until=100)


def test_an_unknown_channel_is_named(ground, shop, order):
    """Demand for a channel that is not in the world says which ones are."""
    let_loose(ground, shop, [Purchase(1.0, "bazaar", order("1", A=1))])
    with pytest.raises(BadInput, match=r"'bazaar' · .*storefront"):
        ground.env.run(until=100)


def test_some_shoppers_want_to_cancel(ground, shop, order, rows):
    """About the given share asks, each after its own delay; those whose order has left by then do not."""
    stream = [Purchase(float(number), "storefront", order(str(number), A=1)) for number in range(400)]
    let_loose(ground, shop, stream, cancellations=Share(0.25), cancel_after=Constant(Seconds(DAY)))
    ground.env.run(until=HOUR)
    for number in range(200):
        shop.confirm_shipment(ConfirmShipment(str(number), f"P{number}", "falcon", "T", (Units("A", 1),)))
    ground.env.run(until=3 * DAY)
    asked = [int(number) for (number,) in rows("event", "key", operation="cancellation.requested")]
    assert 30 < len(asked) < 70
    assert min(asked) >= 200


def test_decisions_belong_to_the_order(fresh, open_channel, order):
    """Who cancels and who returns depends on the order number alone, not on who else buys."""
    asked = []
    for numbers in (range(100), range(0, 100, 3)):
        ground = fresh()
        shop = open_channel(ground, "storefront")
        shop.submit_listings(Submit(1, (ListingUpdate("A", 1000),)))
        stream = [Purchase(float(number), "storefront", order(str(number), A=1)) for number in numbers]
        let_loose(ground, shop, stream, cancellations=Share(0.3), cancel_after=SOON)
        ground.env.run(until=DAY)
        frame = ground.evidence.frame()
        asked.append(set(frame.filter(frame["operation"] == "cancellation.requested")["key"]))
    assert asked[1] == asked[0] & {str(number) for number in range(0, 100, 3)}
    assert asked[1]


def test_a_planned_return_waits_for_goods_and_date(ground, shop, order, rows, yard):
    """It is asked for when the goods are here and its time has come, and travels once it is granted."""
    planned = (PlannedReturn(2 * DAY, (Units("A", 2), Units("B", 1))),)
    let_loose(ground, shop, [Purchase(0.0, "storefront", order("1", A=3, B=1), planned)], return_travel=SOON)
    ground.env.run(until=DAY)
    deliver(ground, "1", ("A", 3))
    ground.env.run(until=2 * DAY - 1)
    assert rows("event", "key", operation="return.requested") == []
    ground.env.run(until=3 * DAY)
    deliver(ground, "1", ("B", 1), parcel_no="P2")
    ground.env.run(until=3 * DAY + 1)
    assert rows("event", "key", "quantity", operation="return.requested") == [("1/RMA1", 2), ("1/RMA2", 1)]
    assert yard.came == []
    answer_returns(ground, shop, rows, "south")
    ground.env.run(until=4 * DAY)
    assert [(place, cargo.rma_no, cargo.goods) for place, cargo in yard.came] == [
        ("south", "1/RMA1", (("A", 2),)),
        ("south", "1/RMA2", (("B", 1),)),
    ]
    assert rows("event", "key", operation="return.shipped") == [("1/RMA1",), ("1/RMA2",)]


def test_a_return_that_is_not_granted_stays_home(ground, shop, order, rows, yard):
    """Where the channel names no warehouse, the shopper keeps the goods."""
    planned = (PlannedReturn(0.0, (Units("A", 1),)),)
    let_loose(ground, shop, [Purchase(0.0, "storefront", order("1", A=1), planned)])
    ground.env.run(until=1)
    deliver(ground, "1", ("A", 1))
    ground.env.run(until=2)
    answer_returns(ground, shop, rows, "")
    answer_returns(ground, shop, rows, "north")
    ground.env.run(until=10 * DAY)
    assert yard.came == []


def test_nobody_asks_after_the_end(ground, shop, order, rows, yard):
    """In the calm phase no new wish comes up; goods that were granted before still travel."""
    planned = (PlannedReturn(0.0, (Units("A", 1),)),)
    stream = [Purchase(float(number), "storefront", order(str(number), A=1), planned) for number in (1, 2)]
    let_loose(ground, shop, stream, until=DAY, cancellations=Share(1), cancel_after=Constant(Seconds(2 * DAY)))
    ground.env.run(until=HOUR)
    deliver(ground, "1", ("A", 1))
    ground.env.run(until=DAY - 1)
    answer_returns(ground, shop, rows)
    ground.env.run(until=DAY + 1)
    deliver(ground, "2", ("A", 1))
    ground.env.run(until=9 * DAY)
    assert rows("event", "key", operation="return.requested") == [("1/RMA1",)]
    assert rows("event", "key", operation="cancellation.requested") == []
    assert len(yard.came) == 1


def test_returns_may_go_on_for_a_while(ground, shop, order, rows):
    """With late returns, goods that come after the last sale can still be sent back, until that time is over, too.

    Of which orders nothing was sent back that should have been is known.
    """
    planned = (PlannedReturn(0.0, (Units("A", 1),)),)
    stream = [Purchase(float(number), "storefront", order(str(number), A=1), planned) for number in (1, 2)]
    shoppers = let_loose(ground, shop, stream, until=DAY, late_returns=Seconds(DAY))
    ground.env.run(until=2 * DAY - 1)
    assert shoppers.kept == ("1", "2")
    deliver(ground, "1", ("A", 1))
    assert shoppers.kept == ("2",)
    ground.env.run(until=2 * DAY + 1)
    deliver(ground, "2", ("A", 1))
    ground.env.run(until=3 * DAY)
    assert rows("event", "key", operation="return.requested") == [("1/RMA1",)]
    assert shoppers.kept == ("2",)


def test_a_stray_return_has_no_name_on_it(ground, shop, yard):
    """Goods that nobody announced arrive at their warehouse without return and order number."""
    let_loose(ground, shop, [StrayReturn(50.0, "south", (("A", 2),))])
    ground.env.run(until=49)
    assert yard.came == []
    ground.env.run(until=51)
    ((place, cargo),) = yard.came
    assert (place, cargo.rma_no, cargo.order_no, cargo.goods) == ("south", "", "", (("A", 2),))


def test_customers_take_parcels_only(ground, shop):
    """A supplier's delivery to a customer is an error of the harness."""
    let_loose(ground, shop, [])
    with pytest.raises(HarnessError, match="Delivery"):
        ground.road.send(CUSTOMERS, Delivery("X", (("A", 1),)))


def test_what_will_not_come_back_is_not_remembered(ground, shop, order):
    """Of orders without a return nothing is kept, nor of those that were cancelled or have been sent back."""
    planned = (PlannedReturn(0.0, (Units("A", 1),)),)
    stream = [Purchase(float(n), "storefront", order(str(n), A=1), planned if n < 3 else ()) for n in range(1, 50)]
    shoppers = let_loose(ground, shop, stream)
    ground.env.run(until=60)
    shop.answer_cancellation(AnswerCancellation("1", True, "asked"))
    for number in range(2, 50):
        deliver(ground, str(number), ("A", 1))
    assert shoppers._plans == {}


parcels = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3"]), st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 5)), max_size=4)
    ),
    max_size=12,
)
plans = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 9)), max_size=3, unique_by=lambda line: line[0])


@settings(max_examples=60)
@given(parcels, st.lists(plans, min_size=3, max_size=3), st.sampled_from([0.0, 1.0]))
def test_nobody_sends_back_more_than_came(fresh, open_channel, order, sent, wishes, share):
    """Per order and SKU, the units that come back never exceed those in the parcels, however these were split."""
    ground = fresh()
    shop = open_channel(ground, "storefront")
    yard = Yard(ground, "north", "south")
    shop.submit_listings(Submit(1, tuple(ListingUpdate(sku, 10_000) for sku in "ABC")))
    stream = [
        Purchase(
            0.0,
            "storefront",
            order(str(number), A=9, B=9, C=9),
            (PlannedReturn(0.0, tuple(Units(*line) for line in wish)),) if wish else (),
        )
        for number, wish in enumerate(wishes, 1)
    ]
    let_loose(ground, shop, stream, returns=Share(share), return_after=SOON, return_travel=SOON)
    ground.env.run(until=1)
    came, back = Counter(), Counter()
    for number, goods in sent:
        deliver(ground, number, *goods)
        for sku, units in goods:
            came[number, sku] += units
    ground.env.run(until=DAY)
    frame = ground.evidence.frame()
    for rma_no, order_no in frame.filter(frame["operation"] == "return.requested").select("key", "correlation").rows():
        shop.answer_return(AnswerReturn(order_no, rma_no, "north"))
    ground.env.run(until=9 * DAY)
    for _, cargo in yard.came:
        for sku, units in cargo.goods:
            back[cargo.order_no, sku] += units
    assert all(units <= came[place] for place, units in back.items())
    for number, wish in enumerate(wishes, 1):
        for sku, units in wish:
            assert back[str(number), sku] == min(units, came[str(number), sku])
