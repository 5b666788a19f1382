"""Laws of the lookout: its picture is what the measures will say of the same evidence, and it forgets what is done."""

from __future__ import annotations

import pytest

from seatrial.mocks.control.lookout import Lookout
from seatrial.mocks.control.orderwatch import WATCHED, OrderWatch
from seatrial.mocks.control.picture import Picture
from seatrial.mocks.partners.erp import Erp
from seatrial.mocks.wire.waterfront import wire_evidence
from seatrial.reports.documents import FLOW
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measures.drift import Drift
from seatrial.reports.measures.duplicates import Duplicates
from seatrial.reports.measures.orders import Orders
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.paced import PacedClock
from seatrial.sim.world import World

SCENARIO = """
name: probe
asks: x
start: 2026-03-02 00:00:00
duration: 12 h
calm: {calm}
demand: {{kind: synthetic, arrivals: {{kind: poisson, rate: 20/h}}, skus: 30, returns: 20 %, cancellations: 10 %}}
faults:
  - {{fault: lost_reply, at: "*", probability: 20 %}}
  - {{fault: outage, at: falcon, from: 2 h, until: 6 h}}
  - {{fault: webhook_drop, at: "*", probability: 10 %}}
"""


def sailed(integration: str, calm: str = "1 h") -> tuple[World, Lookout, Facts]:
    """A whole run in virtual time, watched."""
    loaded = parse_scenario(SCENARIO.format(calm=calm))
    expedition = embark(loaded, 3, integration, lambda env: wire_evidence(env, None))
    world = expedition.world
    lookout = Lookout(world, PacedClock(world.env, 1.0, lambda _: None), "probe")
    world.run(expedition.factory, expedition.voyage)
    voyage = expedition.voyage
    return world, lookout, Facts(duration=voyage.chaos + voyage.calm)


@pytest.mark.parametrize("integration", ["naive", "resilient"])
def test_the_picture_is_what_the_measures_say(integration: str) -> None:
    """Orders, drift and duplicates at the end of a stormy run are those of the report."""
    world, lookout, facts = sailed(integration)
    picture, log = lookout.look(), Logbook(world.evidence.scan())
    measures = (Drift(), Duplicates(), Orders())
    read = {each.name: each.value or 0 for measure in measures for each in measure.read(log, facts)}
    assert picture.flow.placed == read["orders.placed"]
    assert picture.stock.erp == read["drift.erp.left"]
    assert picture.stock.listing == read["drift.listing.left"]
    assert WATCHED == FLOW
    for document in FLOW:
        assert picture.duplicates.get(document, 0) == read[f"duplicates.{document}"], document


def test_open_cases_are_those_of_the_erp() -> None:
    """Exceptions by team are what lies in the ERP's queues."""
    world, lookout, _ = sailed("naive")
    erp = world.partners["erp"]
    assert isinstance(erp, Erp)
    queues = erp.exceptions
    teams = ("customer_service", "logistics", "finance", "integration_support")
    waiting = {team: len(queues.waiting(team)) for team in teams}
    assert lookout.look().exceptions == {team: count for team, count in waiting.items() if count}


def test_what_is_done_is_forgotten() -> None:
    """After a long calm a good integration leaves nothing waiting, and the lookout nothing in memory."""
    _, lookout, _ = sailed("resilient", calm="10 d")
    picture = lookout.look()
    assert picture.waiting.orders == 0
    assert picture.stock.erp == picture.stock.listing == 0
    assert picture.shipments.on_road == 0
    assert len(lookout._orders._orders) <= picture.flow.placed - picture.flow.invoiced
    assert picture.flow.invoiced > picture.flow.placed * 0.9


def picture_of(*rows: tuple[str, str, str], now: float = 0.0) -> Picture:
    """The picture after events: name, key, order."""
    loaded = parse_scenario(SCENARIO.format(calm="1 h"))
    world = embark(loaded, 1, "naive", lambda env: wire_evidence(env, None)).world
    lookout = Lookout(world, PacedClock(world.env, 1.0, lambda _: None), "probe")
    for name, key, order in rows:
        world.evidence.event(name, "x", key, order)
    world.env.run(until=now or 1)
    return lookout.look()


def test_an_order_waits_until_somebody_sees_to_it() -> None:
    """It stops waiting with its allocation, its back-order or its end; each stage counts an order once."""
    placed = [("order.placed", number, number) for number in "ABCD"]
    after = [
        ("fulfilment.allocated", "A/R1", "A"),
        ("fulfilment.allocated", "A/R2", "A"),
        ("order.backordered", "B", "B"),
        ("cancellation.accepted", "C", "C"),
        ("order.cancelled", "C", "C"),
    ]
    assert picture_of(*placed, now=60).waiting == type(picture_of().waiting)(4, 60.0, 0)
    picture = picture_of(*placed, *after)
    assert (picture.waiting.orders, picture.waiting.backordered) == (1, 1)
    assert (picture.flow.allocated, picture.flow.cancelled) == (1, 1)


def test_a_return_is_owed_its_credit() -> None:
    """From its receipt until the credit; goods that nobody announced are owed none."""
    asked = ("return.requested", "A/RMA1", "A")
    came = ("return.received", "A/RMA1", "A")
    assert picture_of(asked).returns.under_way == 1
    assert picture_of(asked, came).returns.unposted == 1
    assert picture_of(asked, came, ("credit.posted", "A/RMA1", "A")).returns.unposted == 0
    assert picture_of(("return.received", "north-R1", "")).returns.unposted == 0


def test_a_silent_parcel_is_seen() -> None:
    """Nothing heard since the dock, or since the last scan, for longer than the limit; its end ends that."""
    left, scanned = ("shipment.dispatched", "P", "A"), ("shipment.picked_up", "P", "A")
    delivered = ("shipment.delivered", "P", "A")
    assert picture_of(left, now=3600).shipments.silent == 0
    assert picture_of(left, now=48 * 3600).shipments.silent == 1
    assert picture_of(left, scanned, now=48 * 3600).shipments.silent == 1
    ended = picture_of(left, scanned, delivered, now=48 * 3600).shipments
    assert (ended.silent, ended.on_road, ended.unrecorded, ended.untold) == (0, 0, 1, 2)


def test_a_partner_left_alone_after_failures_is_seen() -> None:
    """A row of failures and then silence looks like a breaker; one that the integration tells of is believed."""
    loaded = parse_scenario(SCENARIO.format(calm="1 h"))
    world = embark(loaded, 1, "naive", lambda env: wire_evidence(env, None)).world
    lookout = Lookout(world, PacedClock(world.env, 1.0, lambda _: None), "probe")

    def erp() -> str:
        return next(each.breaker for each in lookout.look().partners if each.name == "erp")

    for second in range(10):
        world.env.run(until=second + 1)
        world.evidence.call("erp", "find", "", "K", "", 1, "timed_out" if second > 3 else "ok", 0, 1.0, "")
    assert erp() == ""
    world.env.run(until=40)
    assert erp() == "likely"
    world.evidence.note("breaker_opened", detail="erp")
    assert erp() == "told"
    world.evidence.note("breaker_closed", detail="erp")
    world.evidence.call("erp", "find", "", "K", "", 1, "ok", 200, 1.0, "")
    assert erp() == ""


def test_figures_of_traffic_are_those_of_the_last_half_minute() -> None:
    """Rate, share of failures and p95 come from the window; what was before only counts as calls."""
    loaded = parse_scenario(SCENARIO.format(calm="1 h"))
    world = embark(loaded, 1, "naive", lambda env: wire_evidence(env, None)).world
    lookout = Lookout(world, PacedClock(world.env, 1.0, lambda _: None), "probe")
    for _ in range(100):
        world.evidence.call("erp", "old", "", "", "", 1, "reset", 0, 9.0, "")
    world.env.run(until=100)
    for number in range(60):
        outcome, status = ("rejected", 422) if number < 20 else ("rejected", 503) if number < 30 else ("ok", 200)
        world.evidence.call("erp", "new", "", "", "", 1, outcome, status, 0.010 if number < 56 else 0.5, "")
    erp = next(each for each in lookout.look().partners if each.name == "erp")
    assert (erp.calls, erp.rate) == (160, 2.0)
    assert erp.errors == pytest.approx(10 / 60, abs=1e-3)  # a refusal of the partner's own is no failure
    assert erp.p95 == pytest.approx(500, rel=0.05)


def test_memory_of_documents_is_bounded() -> None:
    """Business keys are forgotten, the oldest first, once there are many."""
    watch = OrderWatch()
    for number in range(25_000):
        cells = [0.0, "commit", "erp", "", "invoice", f"K{number}", "", 0, "created", 0, 0.0, "", 0, 0, ""]
        watch.commit(cells, 0)
    assert len(watch._keys["invoice"]) == 20_000
    assert not watch.duplicates
