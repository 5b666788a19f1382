"""What a carrier sells, and what becomes of the parcels it is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment

from seatrial.mocks.books.journey import Network, Timetable, Trouble
from seatrial.mocks.messages.carrier import (
    BuyLabel,
    FindLabel,
    GetRates,
    Label,
    Milestone,
    Rate,
    Tracking,
    TrackParcel,
    VoidLabel,
)
from seatrial.mocks.partners.carrier import Carrier
from seatrial.sim.assortment import Assortment
from seatrial.sim.cargo import CUSTOMERS, Cargo, Delivery, Parcel, ReturnedGoods, Road
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput, HarnessError, Rejected
from seatrial.sim.evidence import Evidence
from seatrial.sim.ground import Ground
from seatrial.sim.notice import Notice
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.receiver import Finished
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.tradingday import TradingDay

HOUR = 3600.0
DAY = 24 * HOUR
NO_TROUBLE = {"exceptions": Share(0), "refusals": Share(0)}
ROAD = ["picked_up", "in_transit", "out_for_delivery", "delivered"]


class Depot:
    """A carrier, its customers, one warehouse, and somebody who reads its webhooks."""

    up = True

    frozen = False

    def __init__(self, **wanted: object) -> None:
        self.env = env = Environment()
        self.evidence = Evidence(lambda: env.now)
        dice = Dice(7)
        rulebook = Rulebook((), dice, self.evidence, lambda: env.now)
        day = TradingDay(datetime(2011, 12, 1, 9, tzinfo=UTC))
        ground = Ground(env, self.evidence, dice, rulebook, day, Road(), Assortment("GBP", {}))
        self.road = ground.road
        self.arrived: list[tuple[str, Cargo]] = []
        for place in (CUSTOMERS, "north"):
            ground.road.open(place, lambda cargo, place=place: self.arrived.append((place, cargo)))
        options = Carrier.Settings(**{**NO_TROUBLE, **wanted})  # type: ignore[arg-type]
        self.carrier = Carrier("falcon", ground, Conduct(), options)
        self.told: list[Notice] = []
        self.carrier.post.connect(self)
        self.carrier.start()

    def deliver(self, notice: Notice, finished: Finished) -> None:
        self.told.append(notice)
        finished(None)

    def crash(self, down_for: float) -> None:
        raise AssertionError("nobody crashes here")

    def freeze(self, lasts: float) -> None:
        raise AssertionError("nobody crashes here")

    def rates(self, parcel: str = "P-1", units: int = 3, country: str = "United Kingdom") -> tuple[Rate, ...]:
        return self.carrier.get_rates(GetRates("O-1", parcel, units, country)).rates

    def buy(self, parcel: str = "P-1") -> Label:
        return self.carrier.buy_label(BuyLabel("O-1", parcel, self.rates(parcel)[0].rate_id))

    def hand_over(self, label: Label, parcel: str = "P-1", order: str = "O-1") -> Parcel:
        cargo = Parcel(parcel, order, label.tracking_no, "north", (("A", 3),))
        self.road.send("falcon", cargo)
        return cargo

    def void(self, label: Label, parcel: str = "P-1") -> None:
        self.carrier.void_label(VoidLabel("O-1", parcel, label.id))

    def tracked(self, label: Label) -> Tracking:
        return self.carrier.track_parcel(TrackParcel("O-1", label.tracking_no))

    def stages(self) -> list[str]:
        milestones = [notice.body for notice in sorted(self.told, key=lambda notice: notice.sequence)]
        return [body.stage for body in milestones if isinstance(body, Milestone)]

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.evidence.frame().iter_rows(named=True) if row["kind"] == kind]


@pytest.fixture
def depot() -> Depot:
    return Depot()


def refusal(action: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(Rejected) as caught:
        action()
    return caught.value.code, caught.value.status


def test_prices_depend_on_units_country_and_service(depot: Depot) -> None:
    """More units, faster services and foreign countries cost more; abroad takes longer; cheapest first."""
    home, more, abroad = depot.rates(units=3), depot.rates(units=30), depot.rates(country="Channel Islands")
    assert [(rate.service, rate.price, rate.days) for rate in home] == [("standard", 401, 2), ("express", 807, 1)]
    assert [rate.price for rate in more] == [455, 915]
    assert [(rate.price, rate.days) for rate in abroad] == [(1002, 5), (2018, 4)]
    assert refusal(lambda: depot.rates(units=0)) == ("invalid_units", 422)


def test_a_rate_can_be_bought_until_it_expires(depot: Depot) -> None:
    """A rate is good for its time, then refused as expired, and later no longer known at all."""
    rate = depot.rates()[0]
    depot.env.run(599)
    assert depot.carrier.buy_label(BuyLabel("O-1", "P-1", rate.rate_id)).price == rate.price
    depot.env.run(600)
    assert refusal(lambda: depot.carrier.buy_label(BuyLabel("O-1", "P-1", rate.rate_id))) == ("rate_expired", 422)
    depot.env.run(2 * HOUR)
    depot.rates()
    assert refusal(lambda: depot.carrier.buy_label(BuyLabel("O-1", "P-1", rate.rate_id))) == ("unknown_rate", 404)


def test_a_rate_is_for_one_parcel(depot: Depot) -> None:
    """A rate that was offered for another parcel is unknown for this one."""
    rate = depot.rates("P-2")[0]
    assert refusal(lambda: depot.carrier.buy_label(BuyLabel("O-1", "P-1", rate.rate_id))) == ("unknown_rate", 404)


def test_a_label_is_a_document_with_a_price(depot: Depot) -> None:
    """A sold label stands in the books under its parcel with its price, and can be found."""
    label = depot.buy()
    (row,) = depot.rows("commit")
    assert (row["document"], row["key"], row["document_id"], row["amount"]) == ("label", "P-1", label.id, 401)
    assert depot.carrier.find_label(FindLabel("O-1", "P-1")) == label
    assert depot.carrier.find_label(FindLabel("O-1", "P-2")).id == ""
    assert [row["operation"] for row in depot.rows("event")] == ["label.purchased", "shipment.label_created"]


def test_buying_again_without_a_policy_is_a_second_label(depot: Depot) -> None:
    """Without a policy the same parcel gets two live labels; the older one is found, the newer one past it, or after
    its void.
    """
    first, second = depot.buy(), depot.buy()
    assert first.id != second.id
    assert depot.carrier.find_label(FindLabel("O-1", "P-1")) == first
    assert depot.carrier.find_label(FindLabel("O-1", "P-1", first.tracking_no)) == second
    assert depot.carrier.find_label(FindLabel("O-1", "P-1", second.tracking_no)) == first
    depot.void(first)
    assert depot.carrier.find_label(FindLabel("O-1", "P-1")) == second


def test_a_label_can_be_voided_until_its_first_scan(depot: Depot) -> None:
    """Voiding reverses the document, again changes nothing; after the first scan it is refused."""
    label, other = depot.buy("P-1"), depot.buy("P-2")
    depot.void(label)
    depot.void(label)
    assert [(row["outcome"], row["amount"]) for row in depot.rows("commit")][2:] == [("reversed", 401)]
    assert depot.tracked(label).stage == "voided"
    depot.hand_over(other, "P-2")
    assert refusal(lambda: depot.void(other, "P-2")) == ("already_scanned", 409)
    assert refusal(lambda: depot.void(Label("L", "T", 1))) == ("unknown_label", 404)


def test_a_parcel_reaches_the_door(depot: Depot) -> None:
    """Milestones come in order, in the evening, the morning and by day, and the customer gets the parcel."""
    label = depot.buy()
    assert depot.tracked(label) == Tracking("label_created", 0.0)
    depot.env.run(3 * HOUR)
    parcel = depot.hand_over(label)
    seen = []
    for hour in (12, 3.5 + 24, 15.5 + 24, 24 + 24, 48 + 24):
        seen.append(depot.tracked(label).stage)
        depot.env.run(hour * HOUR)
    assert seen == ["picked_up", "picked_up", "in_transit", "in_transit", "out_for_delivery"]
    assert depot.stages() == ROAD
    assert depot.arrived == [(CUSTOMERS, parcel)]
    assert depot.tracked(label).stage == "delivered"
    assert depot.carrier.find_label(FindLabel("O-1", "P-1")) == label
    events = [row["operation"] for row in depot.rows("event")][2:]
    assert events == [f"shipment.{stage}" for stage in ROAD]


@pytest.mark.parametrize("case", ["voided", "unknown", "second trip"])
def test_a_parcel_without_a_good_label_goes_back(depot: Depot, case: str) -> None:
    """A label that is voided, unknown or used is never scanned: the parcel goes back to its warehouse."""
    label = depot.buy()
    if case == "voided":
        depot.void(label)
    elif case == "unknown":
        label = Label("L", "nobody's", 1)
    else:
        depot.hand_over(label)
    depot.hand_over(label, "P-9", "O-9")
    depot.env.run(10 * DAY)
    back = [milestone for milestone in depot.told if milestone.key == "P-9"]
    assert [notice.event for notice in back] == ["shipment.returned_to_sender"]
    assert ("north", ReturnedGoods("", "O-9", (("A", 3),))) in depot.arrived
    assert depot.stages().count("picked_up") == (case == "second trip")


def test_what_cannot_be_handed_over_comes_back() -> None:
    """A refused parcel ends as return_to_sender, and its goods reach their warehouse with the order on them."""
    depot = Depot(refusals=Share(1))
    depot.hand_over(depot.buy())
    depot.env.run(10 * DAY)
    assert depot.stages() == ["picked_up", "in_transit", "out_for_delivery", "return_to_sender"]
    assert depot.arrived == [("north", ReturnedGoods("", "O-1", (("A", 3),)))]


def test_an_obstacle_costs_time_and_the_parcel_still_arrives() -> None:
    """A parcel with an exception is delivered a day later than without."""
    depot, plain = Depot(exceptions=Share(1)), Depot()
    for each in (depot, plain):
        each.hand_over(each.buy())
        each.env.run(10 * DAY)
    assert depot.stages() == ["picked_up", "in_transit", "exception", "out_for_delivery", "delivered"]
    late, early = (each.rows("event")[-1]["time"] / 1e6 for each in (depot, plain))
    assert late - early == pytest.approx(DAY, abs=DAY / 2)


def test_a_stale_look_sees_the_earlier_milestone(depot: Depot) -> None:
    """A read that sees no later change shows the parcel where it was then."""
    label = depot.buy()
    depot.env.run(HOUR)
    depot.hand_over(label)
    depot.env.run(10 * DAY)
    for until, stage in ((-1, "unknown"), (HOUR - 1, "label_created"), (2 * HOUR, "picked_up")):
        depot.carrier.visible_until = until
        assert depot.tracked(label).stage == stage


def test_ended_journeys_are_forgotten_after_a_while() -> None:
    """A delivered parcel can be looked up for `keep` seconds after the end of its journey."""
    depot = Depot(keep=Seconds(DAY))
    labels = []
    for number in range(10):
        labels.append(depot.buy(f"P-{number}"))
        depot.hand_over(labels[-1], f"P-{number}")
        depot.env.run(depot.env.now + DAY)
    known = [number for number, label in enumerate(labels) if depot.tracked(label).stage != "unknown"]
    assert 3 <= len(known) <= 5
    assert known == list(range(10 - len(known), 10))


def test_only_parcels_travel(depot: Depot) -> None:
    """A carrier that is sent a supplier's delivery says so."""
    with pytest.raises(HarnessError, match="takes no Delivery"):
        depot.road.send("falcon", Delivery("PO", ()))


def test_a_timetable_that_makes_no_sense_is_bad_input() -> None:
    """Times of day that are none are the user's to mend."""
    with pytest.raises(BadInput):
        Depot(vans="dawn")


@settings(max_examples=200)
@given(
    now=st.floats(0, 30 * DAY),
    days=st.integers(1, 7),
    chance=st.floats(0, 1, exclude_max=True),
    exceptions=st.floats(0, 0.5),
    refusals=st.floats(0, 0.5),
)
def test_milestones_are_in_order(now: float, days: int, chance: float, exceptions: float, refusals: float) -> None:
    """Whenever a parcel is picked up and whatever the dice say, its milestones rise in time and end in one way."""
    trouble = Trouble(Share(exceptions), Share(refusals), Seconds(DAY))
    day = TradingDay(datetime(2011, 12, 1, 5, 30, tzinfo=UTC))
    timetable = Timetable(20 * HOUR, 7 * HOUR, Seconds(0), Seconds(2 * HOUR), Seconds(8 * HOUR))
    network = Network(day, timetable, trouble)
    stages, times = network.plan(now, days, chance)
    assert stages[0] == "picked_up"
    assert stages[-1] in ("delivered", "return_to_sender")
    assert times[0] == now
    assert all(earlier < later for earlier, later in pairwise(times[1:]))
    assert times[0] <= times[1]
    assert times[-1] - now <= (days + 3.5) * DAY


def test_one_parcel_travels_the_same_way_whatever_else_travels() -> None:
    """A journey depends on the order and the goods, not on the numbers that other parcels have used up."""
    alone, busy = Depot(), Depot()
    for number in range(5):
        busy.hand_over(busy.buy(f"X-{number}"), f"X-{number}", f"O-{number + 2}")
    for depot in (alone, busy):
        depot.hand_over(depot.buy(), "P-1", "O-1")
        depot.env.run(10 * DAY)
    of_interest = [
        [(row["time"], row["operation"]) for row in depot.rows("event") if row["key"] == "P-1"]
        for depot in (alone, busy)
    ]
    assert of_interest[0] == of_interest[1]
    assert len(of_interest[0]) == 6
