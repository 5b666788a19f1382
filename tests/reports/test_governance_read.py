"""Service levels, cycle time, accuracy, synchronisation, revenue and supply: each computed by hand."""

from __future__ import annotations

import pytest

from seatrial.reports.facts import STEP_TARGETS, Facts
from seatrial.reports.judge import judge
from seatrial.scenarios.schema import TARGETS

HOUR = 3600.0
DAY = 24 * HOUR


def call(
    history, at: float, outcome: str, status: int, latency: float = 1.0, operation: str = "create_invoice"
) -> None:
    """One call to the ERP ends, the first attempt for parcel P-1."""
    history.at(at).rows.call("erp", operation, "invoice", "P-1", "MP-1", 1, outcome, status, latency, "")


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_renewed_is_no_failure(history, read, status: int) -> None:
    """401, or 403 as some vendors have it, and then 200 under the same key and attempt: 0 of 2 calls failed."""
    call(history, 10, "rejected", status)
    call(history, 11, "ok", 200)
    assert read("failure_rate", history)["failure_rate.calls"].value == 0.0


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_again_is_a_failure(history, read, status: int) -> None:
    """401, 401, and an hour later 200: nobody got in for an hour; 2 of 3 calls failed."""
    call(history, 10, "rejected", 401)
    call(history, 11, "rejected", status)
    call(history, 11 + HOUR, "ok", 200)
    assert read("failure_rate", history)["failure_rate.calls"].value == pytest.approx(2 / 3)


def test_a_partner_is_available_in_minutes_in_which_it_answers(history, read) -> None:
    """Minute 0: one answer, one timeout: up. Minute 1: a 503 alone: down. Minute 2: a 429: up, it answered.

    Availability 2/3; errors 2 of 4 calls; throttled 1 of 4; of the answers, 1 s and 3 s, the median is 1 s.
    """
    call(history, 10, "ok", 200, latency=1.0)
    call(history, 20, "timed_out", 0, latency=10.0)
    call(history, 70, "rejected", 503)
    call(history, 130, "rejected", 429, latency=3.0)
    found = read("partner_sla", history)
    assert found["partner_sla.erp.availability"].value == pytest.approx(2 / 3)
    assert (found["partner_sla.erp.availability"].samples, found["partner_sla.erp.error_rate"].samples) == (3, 4)
    assert found["partner_sla.erp.error_rate"].value == 0.5
    assert found["partner_sla.erp.throttled"].value == 0.25
    assert found["partner_sla.erp.latency.p50"].value == 1.0
    assert found["partner_sla.erp.latency.max"].value == 3.0
    assert found["partner_sla.erp.latency.p95"].value is None


def test_a_caller_that_died_is_not_its_partners_error(history, read) -> None:
    """A call that the integration gave up fails, and the ERP has no part in it."""
    call(history, 1, "cancelled", 0)
    assert read("failure_rate", history)["failure_rate.erp"].value == 1.0
    assert read("partner_sla", history)["partner_sla.erp.error_rate"].value == 0.0


def test_a_step_is_held_against_its_target(history, read) -> None:
    """Target one hour. In time: MP-1. Late: MP-2. Never, overdue: MP-3. Never, cancelled: MP-4. Not due: MP-5.

    1 of 3 is kept; with a target of three hours MP-3 is not due either, and 2 of 2 are.
    """
    for order in ("MP-1", "MP-2", "MP-3", "MP-4"):
        history.placed(order)
    history.at(HOUR).happened("order.acknowledged", "marketplace", "MP-1")
    history.happened("order.cancelled", "erp", "MP-4")
    history.at(2 * HOUR).happened("order.acknowledged", "marketplace", "MP-2").placed("MP-5")
    name = "step_sla.placed_to_acknowledged"
    found = read("step_sla", history, targets={"placed_to_acknowledged": HOUR})[name]
    assert (found.value, found.samples, found.keys) == (pytest.approx(1 / 3), 3, ("MP-2", "MP-3"))
    assert read("step_sla", history, targets={"placed_to_acknowledged": 3 * HOUR})[name].value == 1.0


def test_an_order_is_through_when_its_last_parcel_arrived(history, read) -> None:
    """MP-1: two parcels, delivered after one and three days: 3 days. MP-2: a unit short, no sample."""
    history.placed("MP-1", 2).placed("MP-2", 2)
    history.shipped("MP-1", "P-1").shipped("MP-1", "P-2").shipped("MP-2", "P-3")
    history.at(DAY).happened("shipment.delivered", "falcon", "P-1", "MP-1")
    history.happened("shipment.delivered", "falcon", "P-3", "MP-2")
    history.at(3 * DAY).happened("shipment.delivered", "falcon", "P-2", "MP-1")
    found = read("cycle_time", history)
    assert (found["cycle_time.max"].value, found["cycle_time.max"].samples) == (3 * DAY, 1)
    assert found["cycle_time.max"].keys == ("MP-1",)
    assert found["cycle_time.marketplace.p50"].value == 3 * DAY


def test_units_that_were_cancelled_are_not_waited_for(history, read) -> None:
    """One of two units left and arrived after a day, the other was cancelled: the order took a day."""
    history.placed("MP-1", 2).shipped("MP-1", "P-1").happened(
        "cancellation.accepted", "marketplace", "MP-1", quantity=1
    )
    history.at(DAY).happened("shipment.delivered", "falcon", "P-1", "MP-1")
    assert read("cycle_time", history)["cycle_time.p50"].value == DAY


def test_a_promise_in_full_needs_every_unit_in_time(history, read) -> None:
    """MP-1: both units by 100 s. MP-2: one by 100 s, one at 200 s. First parcels in time 2 of 2, in full 1 of 2."""
    for order in ("MP-1", "MP-2"):
        history.at(0).placed(order, 2).rows.event("order.promised", "marketplace", order, order, document_id="100")
    history.at(50).shipped("MP-1", "P-1", 2).shipped("MP-2", "P-2").at(200).shipped("MP-2", "P-3")
    found = read("promise", history)
    assert found["promise.kept_share"].value == 1.0
    assert (found["promise.in_full_share"].value, found["promise.in_full_share"].keys) == (0.5, ("MP-2",))


def test_the_rate_of_duplicates_is_their_share_of_what_lives(history, read) -> None:
    """Three live invoices, two under one parcel: 1/3. With two labels besides, one each: 1 of 5 in all."""
    for number, parcel in (("IN-1", "P-1"), ("IN-2", "P-1"), ("IN-3", "P-2")):
        history.made("invoice", parcel, "MP-1", number)
    history.made("label", "P-1", "MP-1", "L-1").made("label", "P-2", "MP-1", "L-2")
    found = read("duplicate_rate", history)
    assert found["duplicate_rate.invoice"].value == pytest.approx(1 / 3)
    assert found["duplicate_rate.total"].value == pytest.approx(1 / 5)
    assert found["duplicate_rate.refund"].value is None


def test_revenue_leaks_where_goods_are_not_invoiced_or_given_away(history, read) -> None:
    """Earned 10.00 and 6.00. The second is not invoiced, 6.00; of the first 1.00 too much went back: 7.00 of 16.00."""
    history.placed("MP-1", 2, 1000).placed("MP-2", 3, 600).shipped("MP-1", "P-1", 2).shipped("MP-2", "P-2", 3)
    history.made("invoice", "P-1", "MP-1", "IN-1", amount=1000).made("refund", "RMA-1", "MP-1", "F-1", amount=1100)
    found = read("revenue", history)
    assert (found["revenue.earned"].value, found["revenue.leaked"].value) == (1600.0, 700.0)
    assert found["revenue.leakage"].value == pytest.approx(7 / 16)
    assert found["revenue.leakage"].keys == ("P-2", "MP-1")


def test_supply_that_is_bought_again_is_seen(history, read) -> None:
    """MP-1 ordered 3 and 3 are bought on each of two days: 3 too many. MP-2 ordered 2 and 2 are bought: none."""
    history.placed("MP-1", 3).placed("MP-2", 2)
    for key, order, units in (("MP-1/S0", "MP-1", 3), ("MP-1/S1", "MP-1", 3), ("MP-2/S0", "MP-2", 2)):
        history.rows.commit("supply", "", "purchase_order", key, order, "created", key, units)
    found = read("overbought", history)
    assert (found["overbought.units"].value, found["overbought.units"].keys) == (3.0, ("MP-1",))
    assert (found["overbought.orders"].value, found["overbought.orders"].samples) == (1.0, 2)


def test_a_record_is_accurate_while_book_and_shelf_agree(history, read) -> None:
    """Ten hours, two SKUs. A's book is 1 off from hour 2 to hour 6 and B's never: 1 - 4/20. Both are right then."""
    for sku in "AB":
        history.level("north", "on_hand", sku, 5).level("erp", "book", sku, 5, "north")
    history.at(2 * HOUR).level("north", "on_hand", "A", 4)
    history.at(6 * HOUR).level("erp", "book", "A", 4, "north").at(10 * HOUR).placed("MP-1")
    found = read("accuracy", history)
    assert found["accuracy.erp"].value == pytest.approx(0.8)
    assert (found["accuracy.erp.at_end"].value, found["accuracy.erp.at_end"].samples) == (1.0, 2)


def test_a_listing_is_wrong_only_while_it_offers_too_much(history, read) -> None:
    """Ten hours, 5 units. The shop offers 6 from hour 5 on: wrong half the time; the market offers 3: never wrong.

    Shop 0.5, market 1, both together 0.75; at the end one of two is right.
    """
    history.level("north", "on_hand", "A", 5).level("shop", "listing", "A", 5).level("market", "listing", "A", 3)
    history.at(5 * HOUR).level("shop", "listing", "A", 6).at(10 * HOUR).placed("MP-1")
    found = read("accuracy", history)
    assert (found["accuracy.listing.shop"].value, found["accuracy.listing.market"].value) == (0.5, 1.0)
    assert (found["accuracy.listing"].value, found["accuracy.listing.at_end"].value) == (0.75, 0.5)


def test_a_movement_takes_from_its_telling_to_its_posting(history, read) -> None:
    """Sent at second 10 (ended at 11, took 1), again at 100, posted at 130: 120 seconds."""
    history.at(11).rows.webhook("north", "inventory.adjusted", "north-M1", "", 1, "failed", 500, 1.0, "", "")
    history.at(101).rows.webhook("north", "inventory.adjusted", "north-M1", "", 2, "ok", 200, 1.0, "", "")
    history.at(130).made("movement", "north-M1", "", "JE-1")
    assert read("synchronisation", history)["synchronisation.erp.max"].value == 120.0


def test_a_level_is_synchronised_from_its_first_change(history, read) -> None:
    """Changes at 0 and 40, carried at 60: 60 s. Goods that leave as allocated change nothing. Change at 200, carried
    at 230: 30 s. Carried at 300 with nothing new, and a change at 400 that never is: no samples.
    """
    history.level("north", "on_hand", "A", 9).at(40).level("north", "allocated", "A", 2)
    history.at(60).happened("inventory.synchronised", "integration", "A")
    history.at(100).level("north", "on_hand", "A", 7).level("north", "allocated", "A", 0)
    history.at(200).level("north", "allocated", "A", 1).at(230).happened("inventory.synchronised", "integration", "A")
    history.at(300).happened("inventory.synchronised", "integration", "A").at(400).level("north", "on_hand", "A", 1)
    found = read("synchronisation", history)
    assert (found["synchronisation.channels.max"].value, found["synchronisation.channels.max"].samples) == (60.0, 2)
    assert found["synchronisation.channels.p50"].value == 30.0


def test_the_witness_of_supply_that_was_bought_again_shows_its_purchases(history) -> None:
    """The order for 3 units and both purchases of 3."""
    history.placed("MP-1", 3)
    for key in ("MP-1/S0", "MP-1/S1"):
        history.rows.commit("supply", "", "purchase_order", key, "MP-1", "created", key, 3)
    (found,) = (each for each in judge(history.log(), Facts()).findings if each.code == "OVERBOUGHT")
    assert [(row.operation or row.document, row.quantity) for row in found.witness] == [
        ("order.placed", 3),
        ("purchase_order", 3),
        ("purchase_order", 3),
    ]


def test_a_scenario_can_set_a_target_for_every_step_that_is_judged() -> None:
    """The schema of scenarios and the measure know the same steps."""
    assert tuple(STEP_TARGETS) == TARGETS


def test_requests_that_nobody_could_read_are_counted(history, read) -> None:
    """Two notes of one order; what the integration says of itself is none."""
    for _ in range(2):
        history.rows.note("unread", "MP-1", "MP-1", detail="erp.create_sales_order: missing `channel`")
    history.rows.note("dead_letter", "MP-2", "MP-2")
    found = read("unread", history)["unread.calls"]
    assert (found.value, found.keys) == (2.0, ("MP-1",))
