"""Jepsen's seven counts per class of document, on histories counted by hand."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def test_a_copy_beyond_the_first_is_a_duplicate(history, read) -> None:
    """Three live documents under one key are two duplicates; the first is none."""
    for number in ("SO-1", "SO-2", "SO-3"):
        history.made("sales_order", "MP-1", "MP-1", number)
    history.made("sales_order", "MP-2", "MP-2", "SO-4")
    found = read("duplicates", history)
    assert (found["duplicates.sales_order"].value, found["duplicates.sales_order"].samples) == (2.0, 2)
    assert found["duplicates.sales_order"].keys == ("MP-1",)
    assert found["duplicates.total"].value == 2.0


def test_keys_of_different_classes_do_not_meet(history, read) -> None:
    """A shipment and an invoice of one parcel share its number and are no duplicates."""
    history.made("shipment", "P-1", "MP-1", "SH-1").made("invoice", "P-1", "MP-1", "IN-1")
    assert read("duplicates", history)["duplicates.total"].value == 0.0


def test_a_duplicate_lives_across_partners(history, read) -> None:
    """Labels of two carriers for one parcel are one too many."""
    history.made("label", "P-1", "MP-1", "F-1", partner="falcon").made("label", "P-1", "MP-1", "H-1", partner="heron")
    assert read("duplicates", history)["duplicates.label"].value == 1.0


def test_a_reversed_copy_is_healed_and_no_duplicate(history, read) -> None:
    """What was reversed no longer counts as a duplicate, and counts as healed."""
    history.made("invoice", "P-1", "MP-1", "IN-1").at(1).made("invoice", "P-1", "MP-1", "IN-2")
    history.at(2).undone("invoice", "P-1", "MP-1", "IN-2")
    assert read("duplicates", history)["duplicates.invoice"].value == 0.0
    assert read("healed", history)["healed.invoice"].value == 1.0


def test_a_successor_is_no_duplicate_and_heals_nothing(history, read) -> None:
    """A label that was voided before the next was bought was never too many."""
    history.made("label", "P-1", "MP-1", "F-1").at(1).undone("label", "P-1", "MP-1", "F-1")
    history.at(2).made("label", "P-1", "MP-1", "H-1")
    assert read("duplicates", history)["duplicates.label"].value == 0.0
    assert read("healed", history)["healed.label"].value == 0.0


def test_what_stands_beside_the_flow_stays_out_of_the_total(history, read) -> None:
    """An order that was acknowledged twice is counted for itself only."""
    history.made("acknowledgement", "MP-1", "MP-1", "1").made("acknowledgement", "MP-1", "MP-1", "2")
    found = read("duplicates", history)
    assert (found["duplicates.acknowledgement"].value, found["duplicates.total"].value) == (1.0, 0.0)


def test_the_seven_counts_of_one_class(history, read) -> None:
    """Of four orders asked for, one is ok, one recovered, one lost in vain; one lives unasked."""
    for order in ("MP-1", "MP-2", "MP-3", "MP-4"):
        history.placed(order)
    history.made("sales_order", "MP-1", "MP-1", "SO-1").asked("sales_order", "MP-1", "MP-1")
    history.made("sales_order", "MP-2", "MP-2", "SO-2").asked("sales_order", "MP-2", "MP-2", "timed_out")
    history.asked("sales_order", "MP-3", "MP-3", "ok")
    history.asked("sales_order", "MP-4", "MP-4", "refused")
    history.made("sales_order", "MP-9", "MP-9", "SO-9")
    counts = {
        family: read(family, history)[f"{family}.sales_order"].value
        for family in ("attempted", "acknowledged", "ok", "lost", "unexpected", "recovered", "duplicates")
    }
    assert counts == {
        "attempted": 4,
        "acknowledged": 2,
        "ok": 1,
        "lost": 2,
        "unexpected": 1,
        "recovered": 1,
        "duplicates": 0,
    }


@pytest.mark.parametrize("end", ["order.cancelled", "cancellation.accepted", "order.rejected"])
def test_an_order_that_was_given_up_owes_nothing(history, read, end: str) -> None:
    """A cancelled or rejected order needs no sales order."""
    history.placed("MP-1").happened(end, "erp", "MP-1")
    assert read("lost", history)["lost.sales_order"].value == 0.0


def test_a_parcel_that_left_owes_its_papers(history, read) -> None:
    """Label, confirmation, shipment, invoice and the message to the customer are owed for every parcel."""
    history.placed("MP-1").made("sales_order", "MP-1", "MP-1", "SO-1")
    history.made("fulfilment", "MP-1/R1", "MP-1", "F-1").shipped("MP-1", "north-P1")
    found = read("lost", history)
    papers = ("label", "shipment_confirmation", "shipment", "invoice", "notification")
    assert [found[f"lost.{document}"].value for document in papers] == [1.0] * 5
    assert found["lost.total"].value == 5.0
    for document in papers[:4]:
        history.made(document, "north-P1", "MP-1", f"{document}-1")
    history.made("notification", "MP-1/shipped/north-P1", "MP-1", "N-1")
    assert read("lost", history)["lost.total"].value == 0.0


def test_a_back_order_owes_no_release(history, read) -> None:
    """An order that waits for stock is not lost; one that nobody released or put on back-order is."""
    history.placed("MP-1").placed("MP-2").happened("order.backordered", "erp", "MP-2")
    assert read("lost", history)["lost.fulfilment"].keys == ("MP-1",)


def test_a_release_owes_a_parcel_after_a_day(history, read) -> None:
    """A release that still stands a day later without a parcel is lost; a stopped one is not."""
    for release in ("MP-1/R1", "MP-2/R1", "MP-3/R1"):
        history.made("fulfilment", release, release[:4], release)
        history.happened("fulfilment.accepted", "north", release, release[:4])
    history.undone("fulfilment", "MP-2/R1", "MP-2", "MP-2/R1").at(3600).made("parcel", "MP-3/R1", "MP-3", "north-P1")
    history.at(90_000).happened("order.placed", "marketplace", "MP-9")
    assert read("lost", history)["lost.parcel"].keys == ("MP-1/R1",)


def test_a_return_owes_credit_and_refund_once_inspected(history, read) -> None:
    """A return that a channel knows and a warehouse inspected is owed both; a blind one neither."""
    history.happened("return.requested", "marketplace", "MP-1/RMA1", "MP-1")
    history.happened("stock.restocked", "north", "MP-1/RMA1", "MP-1").happened(
        "stock.restocked", "north", "north-R1", "X"
    )
    found = read("lost", history)
    assert (found["lost.credit_memo"].keys, found["lost.refund"].keys) == (("MP-1/RMA1",), ("MP-1/RMA1",))


def test_a_cancellation_owes_the_money_back(history, read) -> None:
    """What was paid and cancelled is owed under the key order/cancel; what cost nothing is not."""
    history.happened("cancellation.accepted", "storefront", "SF-1", amount=500)
    history.happened("cancellation.accepted", "storefront", "SF-2")
    assert read("lost", history)["lost.refund"].keys == ("SF-1/cancel",)


def test_what_happens_at_the_very_end_owes_nothing_yet(history, read) -> None:
    """Within the grace before the end of the run nothing is lost."""
    history.at(100).placed("MP-1").at(1000).placed("MP-2")
    assert read("lost", history, grace=60.0)["lost.sales_order"].keys == ("MP-1",)


def test_what_is_missing_and_was_never_old_enough_to_be_judged_is_unknown(history, read) -> None:
    """Where all that is owed fell due within the grace, nothing was judged: what is missing then is not nothing lost.

    What is there needs no judge, and of a class of which something was judged the grace hides nothing but the last.
    """
    history.at(100).placed("MP-1").made("sales_order", "MP-1", "MP-1", "SO-1").at(110)
    found = read("lost", history, grace=900.0)
    assert (found["lost.sales_order"].value, found["lost.invoice"].value) == (0, 0)
    assert (found["lost.fulfilment"].value, found["lost.total"].value) == (None, None)
    assert "grace of 15 min" in found["lost.fulfilment"].detail
    assert read("lost", history, grace=0.0)["lost.fulfilment"].value == 1
    history.at(2000).placed("MP-2")
    assert read("lost", history, grace=900.0)["lost.sales_order"].value == 0


def test_wishes_and_goods_within_the_grace_are_unknown_too(history, read) -> None:
    """The grace hides a wish without an answer, and goods without an invoice, in the same way."""
    history.at(5).placed("MP-1").happened("cancellation.requested", "marketplace", "MP-1").shipped("MP-1", "P-1")
    for late, known in ((900.0, None), (0.0, 1)):
        assert read("unanswered", history, grace=late)["unanswered.cancellations"].value == known
        assert read("unanswered", history, grace=late)["unanswered.returns"].value == 0
    for family, name in (("money", "shipped_not_invoiced"), ("money", "at_risk"), ("revenue", "leaked")):
        values = [read(family, history, grace=late)[f"{family}.{name}"].value for late in (900.0, 0.0)]
        assert values == [None, 1000]


DOCUMENTS = st.tuples(st.sampled_from(["invoice", "label", "refund"]), st.sampled_from("abc"), st.integers(0, 5))


@settings(max_examples=30)
@given(st.lists(DOCUMENTS, min_size=1, max_size=12), st.data())
def test_one_more_copy_is_one_more_duplicate(read, documents, data) -> None:
    """Repeating any live document raises duplicates of its class and the total by exactly one."""
    frame = _commits(documents)
    document, key, time = data.draw(st.sampled_from(documents))
    more = _commits([*documents, (document, key, time)])
    before, after = read("duplicates", frame), read("duplicates", more)
    for name in (f"duplicates.{document}", "duplicates.total"):
        assert after[name].value == before[name].value + 1


@settings(max_examples=30)
@given(st.lists(DOCUMENTS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_within_an_instant_does_not_matter(read, documents, chance) -> None:
    """Permuting rows of one moment changes no count of documents."""
    frame = _commits(documents, reverse_every=3)
    order = list(range(frame.height))
    chance.shuffle(order)
    moved = frame[order].sort("time", maintain_order=True).with_columns(pl.int_range(pl.len()).alias("number"))
    for family in ("duplicates", "healed", "lost", "unexpected"):
        before, after = read(family, frame), read(family, moved)
        assert {name: reading.value for name, reading in before.items()} == {
            name: reading.value for name, reading in after.items()
        }


def _commits(documents: list[tuple[str, str, int]], reverse_every: int = 0) -> pl.DataFrame:
    from seatrial.sim.evidence import Evidence

    now = 0.0
    log = Evidence(lambda: now)
    for number, (document, key, time) in enumerate(sorted(documents, key=lambda each: each[2])):
        now = float(time)
        log.commit("erp", "", document, key, key, "created", f"{number}")
        if reverse_every and number % reverse_every == 0:
            log.commit("erp", "", document, key, key, "reversed", f"{number}")
    return log.frame()
