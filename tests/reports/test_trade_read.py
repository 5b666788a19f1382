"""The other measures, each on a history that can be counted on two hands."""

from __future__ import annotations

import pytest


def test_a_rejection_for_a_reason_of_the_trade_is_no_failure(history, read) -> None:
    """Of four calls, one timed out and one met a 429; insufficient stock is an answer."""
    history.asked("fulfilment", "R1", "MP-1").asked("fulfilment", "R2", "MP-2", "rejected")
    history.asked("fulfilment", "R3", "MP-3", "timed_out")
    history.rows.call("erp", "create_fulfilment", "fulfilment", "R4", "MP-4", 1, "rejected", 429, 1.0, "")
    found = read("failure_rate", history)
    assert found["failure_rate.calls"].value == pytest.approx(0.5)
    assert found["failure_rate.erp"].samples == 4


def test_an_order_without_an_end_is_a_failed_integration(history, read) -> None:
    """Of four orders one is a dead letter and one never got anywhere."""
    for order in ("MP-1", "MP-2", "MP-3", "MP-4"):
        history.placed(order)
    history.shipped("MP-1", "P-1").shipped("MP-2", "P-2").happened("order.cancelled", "erp", "MP-3")
    history.rows.note("dead_letter", "M-1", "MP-2")
    found = read("failure_rate", history)["failure_rate.integration"]
    assert (found.value, found.keys) == (0.5, ("MP-2", "MP-4"))


def test_cases_are_counted_once_by_their_number(history, read) -> None:
    """A case that the integration opened twice and the ERP has, too, is one; its team spends its minutes once."""
    history.placed("MP-1").placed("MP-2")
    for _ in range(2):
        history.rows.note("exception_opened", "C-1", "MP-1", team="logistics")
    history.rows.event("exception.opened", "erp", "C-1", "MP-1", document_id="logistics")
    history.rows.event("exception.opened", "erp", "C-2", "MP-1", document_id="finance")
    history.rows.note("exception_closed", "C-1", "MP-1")
    found = read("exceptions", history)
    assert found["exceptions.logistics.count"].value == 1.0
    assert found["exceptions.total.rate"].value == 1.0
    assert found["exceptions.total.open"].keys == ("C-2",)
    effort = read("manual_effort", history, minutes={"logistics": 7.0, "finance": 5.0})
    assert (effort["manual_effort.logistics"].value, effort["manual_effort.total"].value) == (7.0, 12.0)


def test_retries_amplify(history, read) -> None:
    """Five calls for two things are 2.5 calls each; reads do not count."""
    for attempt in (1, 2, 3, 4):
        history.asked("invoice", "P-1", "MP-1", "timed_out", attempt)
    history.asked("invoice", "P-2", "MP-2")
    history.rows.call("erp", "find_sales_order", "", "MP-1", "MP-1", 1, "ok", 200, 1.0, "")
    found = read("retry", history)
    assert found["retry.amplification"].value == 2.5
    assert found["retry.amplification.erp"].value == 2.5


def test_an_invoice_is_traced_to_order_and_shipment(history, read) -> None:
    """Without any one link of the trail an invoice is untraceable."""
    for order, parcel in (("MP-1", "P-1"), ("MP-2", "P-2")):
        history.placed(order).made("sales_order", order, order, f"SO-{order}").shipped(order, parcel)
        history.made("invoice", parcel, order, f"IN-{parcel}")
    history.made("shipment", "P-1", "MP-1", "SH-1")
    found = read("audit", history)
    assert found["audit.completeness"].value == 0.5
    assert (found["audit.untraceable"].value, found["audit.untraceable"].keys) == (1.0, ("P-2",))


def test_an_order_is_done_when_all_of_it_left_and_was_told_and_invoiced(history, read) -> None:
    """One order is done, one lacks its invoice, one a unit, one was cancelled for the rest and is done."""
    for order, units in (("MP-1", 2), ("MP-2", 1), ("MP-3", 2), ("MP-4", 2)):
        history.placed(order, units)
    history.shipped("MP-1", "P-1", 2).shipped("MP-2", "P-2", 1).shipped("MP-3", "P-3", 1).shipped("MP-4", "P-4", 1)
    history.happened("cancellation.accepted", "storefront", "MP-4", quantity=1)
    for parcel, order in (("P-1", "MP-1"), ("P-2", "MP-2"), ("P-3", "MP-3"), ("P-4", "MP-4")):
        history.happened("shipment.confirmed", "marketplace", parcel, order)
        if parcel != "P-2":
            history.happened("invoice.posted", "erp", parcel, order)
    found = read("orders", history)
    assert (found["orders.placed"].value, found["orders.completed"].value) == (4.0, 2.0)
    assert found["orders.completed_share"].keys == ("MP-2", "MP-3")
    assert found["orders.cancelled"].value == 1.0


def test_a_promise_is_kept_by_the_first_parcel(history, read) -> None:
    """One order left in time, one late but by its new date, one not at all; a cancelled one promised nothing."""
    for order in ("MP-1", "MP-2", "MP-3", "MP-4"):
        history.placed(order).rows.event("order.promised", "marketplace", order, order, document_id="100")
    history.happened("order.cancelled", "erp", "MP-4")
    history.at(50).shipped("MP-1", "P-1").rows.event("order.promised", "marketplace", "MP-2", "MP-2", document_id="300")
    history.at(200).shipped("MP-2", "P-2").at(500).placed("MP-5")
    found = read("promise", history)
    assert found["promise.kept_share"].value == pytest.approx(1 / 3)
    assert found["promise.kept_share"].keys == ("MP-2", "MP-3")
    assert found["promise.renewed_share"].value == pytest.approx(2 / 3)


def test_milestones_that_never_arrived_are_missed(history, read) -> None:
    """Two parcels were delivered; one milestone of the second was dropped, and the ERP knows only the first."""
    stages = ("shipment.picked_up", "shipment.delivered")
    for parcel in ("P-1", "P-2"):
        for stage in stages:
            history.happened(stage, "falcon", parcel, "MP-1")
            outcome = "dropped" if (parcel, stage) == ("P-2", "shipment.picked_up") else "ok"
            history.rows.webhook("falcon", stage, parcel, "MP-1", 1, outcome, 0, 0.1, "", "")
    history.rows.call("erp", "record_milestone", "", "P-1", "MP-1", 1, "ok", 200, 1.0, "")
    found = read("milestones", history)
    assert found["milestones.received"].value == 0.75
    assert (found["milestones.completeness"].value, found["milestones.completeness"].keys) == (0.5, ("P-2",))
    assert found["milestones.recorded"].value == 0.5


def test_a_redelivered_milestone_was_received(history, read) -> None:
    """It counts that it was taken at all, not at which delivery."""
    history.happened("shipment.delivered", "falcon", "P-1", "MP-1")
    history.rows.webhook("falcon", "shipment.delivered", "P-1", "MP-1", 1, "failed", 500, 0.1, "", "")
    history.rows.webhook("falcon", "shipment.delivered", "P-1", "MP-1", 2, "ok", 200, 0.1, "", "")
    assert read("milestones", history)["milestones.completeness"].value == 1.0


def test_goods_that_were_not_invoiced_are_worth_their_share_of_the_order(history, read) -> None:
    """One of four units of an order of 10.00 that left without an invoice is 2.50."""
    history.placed("MP-1", 4, 1000).shipped("MP-1", "P-1", 3).shipped("MP-1", "P-2", 1)
    history.made("invoice", "P-1", "MP-1", "IN-1", amount=750)
    found = read("money", history)
    assert found["money.shipped_not_invoiced"].value == 250.0
    assert found["money.shipped_not_invoiced"].keys == ("P-2",)
    assert found["money.at_risk"].value == 250.0


def test_money_given_twice_is_counted_once_too_often(history, read) -> None:
    """A second refund and a second invoice are at risk in full, the first is not."""
    history.placed("MP-1", 1, 1000).shipped("MP-1", "P-1")
    history.made("invoice", "P-1", "MP-1", "IN-1", amount=1000).made("invoice", "P-1", "MP-1", "IN-2", amount=1000)
    history.happened("return.requested", "storefront", "MP-1/RMA1", "MP-1")
    history.made("refund", "MP-1/RMA1", "MP-1", "F-1", amount=800).made(
        "refund", "MP-1/RMA1", "MP-1", "F-2", amount=800
    )
    history.made("credit_memo", "MP-1/RMA1", "MP-1", "CM-1", amount=800)
    found = read("money", history)
    assert (found["money.invoiced_twice"].value, found["money.refunded_twice"].value) == (1000.0, 800.0)
    assert (found["money.over_refunded"].value, found["money.over_refunded"].keys) == (600.0, ("MP-1",))
    assert found["money.at_risk"].value == 1800.0


def test_a_reversed_invoice_is_at_no_risk(history, read) -> None:
    """What was reversed is not counted, whichever of the two it was."""
    history.placed("MP-1", 1, 1000).shipped("MP-1", "P-1")
    history.made("invoice", "P-1", "MP-1", "IN-1", amount=1000).made("invoice", "P-1", "MP-1", "IN-2", amount=1000)
    history.undone("invoice", "P-1", "MP-1", "IN-1")
    assert read("money", history)["money.at_risk"].value == 0.0


def test_credit_and_refund_belong_together(history, read) -> None:
    """A refunded return without credit, and a credit without refund, are each told; a cancellation needs no credit."""
    for order in ("MP-1", "MP-2"):
        history.placed(order).happened("return.requested", "storefront", f"{order}/RMA1", order)
    history.made("refund", "MP-1/RMA1", "MP-1", "F-1", amount=100)
    history.made("credit_memo", "MP-2/RMA1", "MP-2", "CM-1", amount=300)
    history.made("refund", "MP-1/cancel", "MP-1", "F-2", amount=50)
    found = read("money", history)
    assert found["money.refunded_not_credited"].value == 100.0
    assert found["money.credited_not_refunded"].value == 300.0


def test_an_invoice_for_what_never_left_is_told(history, read) -> None:
    """An invoice whose parcel no warehouse sent is money that the customer does not owe."""
    history.placed("MP-1").made("invoice", "P-9", "MP-1", "IN-1", amount=70)
    assert read("money", history)["money.invoiced_not_shipped"].value == 70.0
