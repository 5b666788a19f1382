"""Laws of the shop: what shoppers can ask over HTTP, and what happens to whoever asks twice."""

from __future__ import annotations

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.channel import AnswerReturn, ListingUpdate, SubmitListings
from seatrial.mocks.messages.orders import Customer
from seatrial.mocks.purchases import Habits
from seatrial.mocks.wire.doorstep import Doorstep
from seatrial.mocks.wire.recollection import Recollection
from seatrial.mocks.wire.shop import Shop
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.cargo import CUSTOMERS, Delivery, Parcel
from seatrial.sim.envelopes import Refusal
from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.latency import Constant
from seatrial.sim.quantities import Seconds
from seatrial.sim.world import clock_of

SCENARIO = """
name: street
asks: Who buys?
start: 2026-03-02 10:00:00
duration: 1 d
calm: 1 d
demand: {kind: synthetic, skus: 3, lines: [1, 2]}
"""
CUSTOMER = msgspec.to_builtins(Customer("1", "Ann Other", "a@customers.example", "1 High Street", "Leeds", "1", "UK"))
SKU = "SKU-0001"


class Street:
    """A world's channels with their shop, and whoever talks to it."""

    def __init__(self):
        self.world = embark(parse_scenario(SCENARIO), 7, "naive", lambda env: Evidence(clock_of(env))).world
        channels = {name: each for name, each in self.world.partners.items() if isinstance(each, Channel)}
        self.channels = channels
        self.shop = Shop(self.world.ground, channels, Habits(return_travel=Constant(Seconds(60))))
        for channel in channels.values():
            channel.start()
        self.env = self.world.env

    def ask(self, method, path, body=None, channel="storefront", **query):
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        status, reply = self.shop.handle(channel, method, path, query, raw if body is not None else b"")
        return status, msgspec.json.decode(reply)

    def buy(self, number="SF-1", units=2, channel="storefront", sku=SKU):
        lines = [{"sku": sku, "quantity": units, "unit_price": 100}]
        order = {"order_no": number, "customer": CUSTOMER, "currency": "GBP", "lines": lines}
        return self.ask("POST", "/shop/orders", order, channel)

    def deliver(self, number, parcel_no="P1", *goods):
        self.world.ground.road.send(CUSTOMERS, Parcel(parcel_no, number, "T", "north", goods or ((SKU, 1),)))

    def events(self, name):
        frame = self.world.evidence.frame()
        return (
            frame.filter((pl.col("kind") == "event") & (pl.col("operation") == name))
            .select("key")
            .to_series()
            .to_list()
        )


@pytest.fixture
def street():
    return Street()


def test_an_order_is_sold_once(street):
    """The same number again is answered with the same order, and sells nothing."""
    level = street.channels["storefront"].listings.level(SKU)
    first, again = street.buy(units=2), street.buy(units=2)
    assert first == again
    assert first[0] == 200
    assert first[1]["order"]["channel"] == "storefront"
    assert street.events("order.placed") == ["SF-1"]
    assert street.channels["storefront"].listings.level(SKU) == level - 2
    assert street.shop.bought == 1


def test_sold_out_stays_sold_out(street):
    """Who got nothing gets nothing when he asks again under the same number, although there is something by then."""
    storefront = street.channels["storefront"]
    storefront.submit_listings(SubmitListings(1, (ListingUpdate(SKU, 0),)))
    assert street.buy() == (200, {"order": None})
    storefront.submit_listings(SubmitListings(2, (ListingUpdate(SKU, 9),)))
    assert street.buy() == (200, {"order": None})
    assert street.events("order.placed") == []
    assert street.buy("SF-2")[1]["order"] is not None


def test_an_old_number_is_never_sold_again(street):
    """When the answer is forgotten, the number is still known: a refusal, not a second sale."""
    street.buy()
    street.shop._placed = Recollection()
    status, reply = street.buy()
    assert (status, reply["error"]["code"]) == (409, "order_exists")
    assert street.events("order.placed") == ["SF-1"]


def test_shoppers_leaf_through_listings(street):
    """Page by page they see every listing once."""
    seen, cursor = [], ""
    while True:
        status, page = street.ask("GET", "/shop/listings", cursor=cursor, limit="2")
        assert status == 200
        seen += [line["sku"] for line in page["listings"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert seen == ["SKU-0001", "SKU-0002", "SKU-0003"]


def test_a_wish_to_cancel_counts_once(street):
    """The shop takes the wish once, and knows no order that nobody placed."""
    street.buy()
    assert street.ask("POST", "/shop/cancellations", {"order_no": "SF-1"}) == (200, {"accepted": True})
    assert street.ask("POST", "/shop/cancellations", {"order_no": "SF-1"}) == (200, {"accepted": False})
    status, reply = street.ask("POST", "/shop/cancellations", {"order_no": "SF-2"})
    assert (status, reply["error"]["code"]) == (404, "unknown_order")
    assert street.events("cancellation.requested") == ["SF-1"]


def test_granted_returns_travel(street):
    """Goods go to the warehouse that was named once a return is granted, and take their time; refused ones stay."""
    street.buy()
    came, storefront = [], street.channels["storefront"]
    street.world.ground.road.open("north", came.append)
    wish = {"order_no": "SF-1", "lines": [{"sku": SKU, "quantity": 1}], "reason": "damaged", "wish_no": "1"}
    assert street.ask("POST", "/shop/returns", wish) == (200, {"rma_no": "SF-1/RMA1"})
    assert street.ask("POST", "/shop/returns", wish) == (200, {"rma_no": "SF-1/RMA1"})
    assert street.ask("POST", "/shop/returns", {**wish, "wish_no": "2"}) == (200, {"rma_no": "SF-1/RMA2"})
    storefront.answer_return(AnswerReturn("SF-1", "SF-1/RMA1", "north"))
    storefront.answer_return(AnswerReturn("SF-1", "SF-1/RMA2", ""))
    begin = street.env.now
    street.env.run(until=begin + 59)
    assert came == []
    street.env.run(until=begin + 61)
    assert [(cargo.rma_no, cargo.order_no, cargo.goods) for cargo in came] == [("SF-1/RMA1", "SF-1", ((SKU, 1),))]
    assert street.events("return.shipped") == ["SF-1/RMA1"]


def test_deliveries_are_told_at_their_channel(street):
    """Each channel numbers its own parcels; whoever asks behind a number gets what came later."""
    street.buy("SF-1")
    street.buy("MP-1", channel="marketplace")
    for number, parcel in (("SF-1", "P1"), ("MP-1", "P2"), ("SF-1", "P3"), ("XX-9", "P4")):
        street.deliver(number, parcel)
    _, all_of_it = street.ask("GET", "/shop/deliveries")
    assert [(each["number"], each["parcel_no"]) for each in all_of_it["deliveries"]] == [(1, "P1"), (2, "P3")]
    assert all_of_it["deliveries"][0]["goods"] == [[SKU, 1]]
    assert all_of_it["last"] == 2
    assert [each["parcel_no"] for each in street.ask("GET", "/shop/deliveries", after="1")[1]["deliveries"]] == ["P3"]
    assert street.ask("GET", "/shop/deliveries", after="2")[1] == {"deliveries": [], "last": 2}
    assert street.ask("GET", "/shop/deliveries", channel="marketplace")[1]["last"] == 1


@given(st.integers(0, 60), st.integers(1, 7), st.integers(1, 9))
def test_whoever_keeps_asking_sees_every_parcel_that_is_kept(count, kept, page):
    """Page after page the numbers rise by one, up to the last; only the oldest may be forgotten."""
    doorstep = Doorstep({"shop": object()}, kept, page)  # type: ignore[dict-item]
    doorstep.expect("1", "shop")
    for number in range(count):
        doorstep.leave(Parcel(str(number + 1), "1", "", "", ()), float(number))
    seen, last = [], 0
    while True:
        answer = doorstep.arrivals("shop", last)
        assert answer.last >= last
        last = answer.last
        if not answer.deliveries:
            break
        seen += [each.number for each in answer.deliveries]
    assert last == count
    assert seen == list(range(count + 1 - len(seen), count + 1))
    assert len(seen) >= min(count, kept)


def test_strays_turn_up(street):
    """Goods that nobody announced reach their warehouse, once for each number; an unknown warehouse is named."""
    came = []
    street.world.ground.road.open("south", came.append)
    body = msgspec.json.encode({"warehouse": "south", "goods": [[SKU, 2]], "stray_no": "1"})
    assert street.shop.stray(body) == street.shop.stray(body) == (200, b"{}")
    assert [(cargo.rma_no, cargo.order_no, cargo.goods) for cargo in came] == [("", "", ((SKU, 2),))]
    status, reply = street.shop.stray(b'{"warehouse": "moon", "goods": [["A", 1]]}')
    assert status == 422
    assert "north, south" in msgspec.json.decode(reply, type=Refusal).error.message
    assert street.shop.stray(b"[")[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/shop/orders", b"{", 400, "invalid_request"),
        ("POST", "/shop/orders", b"{}", 400, "invalid_request"),
        ("POST", "/shop/orders", b"[" * 100_000, 400, "invalid_request"),
        (
            "POST",
            "/shop/orders",
            {"order_no": "1", "customer": CUSTOMER, "currency": "GBP", "lines": []},
            422,
            "invalid_order",
        ),
        ("GET", "/shop/orders", None, 405, "method_not_allowed"),
        ("POST", "/shop/listings", {}, 405, "method_not_allowed"),
        ("GET", "/shop/nothing", None, 404, "unknown_route"),
        ("POST", "/shop/cancellations", b"\xff", 400, "invalid_request"),
        ("POST", "/shop/returns", {"order_no": "9", "lines": [{"sku": "A", "quantity": 1}]}, 404, "unknown_order"),
        ("POST", "/shop/returns", {"order_no": "9", "lines": [{"sku": "A", "quantity": -1}]}, 422, "invalid_quantity"),
        ("POST", "/shop/returns", {"order_no": "9", "lines": []}, 422, "invalid_quantity"),
    ],
)
def test_nonsense_is_refused_as_a_partner_refuses(street, method, path, body, status, code):
    """Whatever arrives, the answer has the shape of a refusal, and nothing has happened."""
    got, reply = street.ask(method, path, body)
    assert (got, reply["error"]["code"]) == (status, code)
    assert reply["error"]["message"]
    assert street.events("order.placed") == []


@pytest.mark.parametrize(("units", "price"), [(0, 100), (-1, 100), (1, -1)])
def test_an_order_has_units_and_a_price(street, units, price):
    """Lines below one unit, at a price below zero, or twice of one SKU are refused."""
    line = {"sku": SKU, "quantity": units, "unit_price": price}
    order = {"order_no": "1", "customer": CUSTOMER, "currency": "GBP", "lines": [line]}
    assert street.ask("POST", "/shop/orders", order)[0] == 422
    twice = {**order, "lines": [{**line, "quantity": 1, "unit_price": 1}] * 2}
    assert street.ask("POST", "/shop/orders", twice)[0] == 422


@pytest.mark.parametrize("query", [{"after": "-1"}, {"after": "x"}, {"after": "9" * 40}, {"after": "١"}])
def test_a_number_in_a_query_is_a_number(street, query):
    """A query that is no whole number is refused."""
    assert street.ask("GET", "/shop/deliveries", **query)[0] == 400


def test_a_page_of_nothing_is_refused(street):
    """A page has at least one listing."""
    assert street.ask("GET", "/shop/listings", limit="0")[0] == 400


def test_what_only_we_can_get_wrong_breaks_the_harness(street):
    """An unknown channel, or cargo that no customer takes, is our own error."""
    with pytest.raises(HarnessError, match="storefront"):
        street.shop.handle("bazaar", "GET", "/shop/listings", {}, b"")
    with pytest.raises(HarnessError, match="Delivery"):
        street.world.ground.road.send(CUSTOMERS, Delivery("X", ()))


def test_only_the_last_answers_are_remembered():
    """Memory stays flat: the oldest answer goes first."""
    memory = Recollection(most=2)
    for number in "abc":
        memory.keep(number, number.encode())
    assert (len(memory), memory.get("a"), memory.get("c")) == (2, None, b"c")
