"""Laws of supply: regular deliveries keep pace with the stock they replace, orders come when they are due."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.messages.supply import ListInbound, OrderedUnits, OrderSupply
from seatrial.mocks.partners.supply import Supply
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.latency import Constant
from seatrial.sim.quantities import Seconds

HOUR, DAY = 3600.0, 86_400.0


def open_supply(ground, **settings):
    """Suppliers, and what they bring: (second, warehouse, SKU, units)."""
    brought = []
    supply = Supply("supply", ground, Conduct(), Supply.Settings(**settings))
    for place in ("north", "south"):

        def arrive(cargo, place=place):
            brought.extend((ground.env.now, place, sku, units) for sku, units in cargo.goods)

        ground.road.open(place, arrive)
    supply.start()
    return supply, brought


@pytest.fixture
def supply(ground):
    return open_supply(ground, lead=Constant(Seconds(3 * DAY)))


@given(st.integers(1, 40), st.sampled_from([0.25, 0.5, 1.0, 3.0]), st.sampled_from([0.0, 0.4, 1.0]))
def test_regular_deliveries_keep_pace(fresh, days, every, share):
    """After any number of days each warehouse got its stock once per cover, times the share, to the unit below."""
    ground = fresh()
    _, brought = open_supply(ground, cover=10 * DAY, every=every * DAY, replaces=share)
    ground.env.run(until=days * DAY)
    came = Counter()
    for _, place, sku, units in brought:
        came[place, sku] += units
    deliveries = 1 + int((days * DAY - 21 * HOUR) // (every * DAY)) if days * DAY > 21 * HOUR else 0
    for place, stock in (("north", 6), ("south", 4)):
        assert came[place, "A"] == pytest.approx(int(stock * deliveries * every * share / 10 + 1e-6))


def test_deliveries_come_at_their_time_of_day(ground, supply):
    """A run that starts at 09:00 sees its first delivery at 06:00 the next morning."""
    _, brought = supply
    ground.env.run(until=4 * DAY)
    assert {at % DAY for at, *_ in brought} == {21 * HOUR}


def test_an_order_comes_when_it_is_due(ground, supply, rows):
    """What was ordered arrives whole at its warehouse, when the supplier said, and is a document in his books."""
    partner, brought = supply
    ground.env.run(until=HOUR)
    ordered = partner.order_supply(OrderSupply("1", "1/PO1", "south", (OrderedUnits("A", 70), OrderedUnits("B", 80))))
    ground.env.run(until=5 * DAY)
    assert ordered.due_at == HOUR + 3 * DAY
    assert [each for each in brought if each[3] > 9] == [
        (ordered.due_at, "south", "A", 70),
        (ordered.due_at, "south", "B", 80),
    ]
    assert rows("commit", "document", "key", "correlation", "quantity") == [("purchase_order", "1/PO1", "1", 150)]


def test_some_orders_are_late(ground):
    """A late delivery keeps its promised date in the list of what is coming, and arrives after it."""
    supply, brought = open_supply(ground, lead=Constant(Seconds(DAY)), late=1.0, late_by=DAY, replaces=0.0)
    supply.order_supply(OrderSupply("1", "1/PO1", "north", (OrderedUnits("A", 5),)))
    ground.env.run(until=DAY + HOUR)
    assert [each.due_at for each in supply.list_inbound(ListInbound(("A",))).receipts] == [DAY]
    ground.env.run(until=3 * DAY)
    assert brought == [(2 * DAY, "north", "A", 5)]
    assert supply.list_inbound(ListInbound(("A",))).receipts == ()


def test_what_is_listed_as_coming_comes(ground, supply):
    """Every receipt that the list names arrives at its time, in its place, with its units; earliest first."""
    partner, brought = supply
    partner.order_supply(OrderSupply("1", "1/PO1", "north", (OrderedUnits("A", 50),)))
    ground.env.run(until=2 * DAY)
    listed = partner.list_inbound(ListInbound(("A", "B", "unknown"))).receipts
    assert [each.due_at for each in listed] == sorted(each.due_at for each in listed)
    named = {(each.due_at, each.warehouse, each.sku, each.quantity) for each in listed}
    assert len(named) == 5  # two warehouses, two SKUs, and the order
    assert not named & set(brought)
    ground.env.run(until=10 * DAY)
    assert named <= set(brought)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (OrderSupply("1", "p", "east", (OrderedUnits("A", 1),)), "unknown_warehouse"),
        (OrderSupply("1", "p", "north", (OrderedUnits("X", 1),)), "unknown_item"),
        (OrderSupply("1", "p", "north", (OrderedUnits("A", 0),)), "invalid_quantity"),
    ],
)
def test_an_order_that_makes_no_sense_is_rejected(supply, rows, request_, code):
    """Nothing is ordered for a place, an item or a quantity that does not exist."""
    partner, _ = supply
    with pytest.raises(Rejected) as refused:
        partner.order_supply(request_)
    assert refused.value.code == code
    assert rows("commit", "key") == []


@pytest.mark.parametrize("settings", [{"every": 0.0}, {"cover": 0.0}, {"arrives_at": 2 * DAY}])
def test_settings_that_make_no_sense_are_bad_input(ground, settings):
    """Deliveries without a time between them, or at no time of day, are refused before the run."""
    with pytest.raises(BadInput, match="deliveries need"):
        open_supply(ground, **settings)
