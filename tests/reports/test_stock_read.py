"""Drift, staleness, overselling and conservation: levels as step functions, counted by hand."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.sim.evidence import Evidence

HOUR = 3600.0


def test_drift_of_the_erp_book(history, read) -> None:
    """10 units leave at hour 1 and are booked at hour 3: peak 10, 20 unit-hours, nothing left."""
    history.level("north", "on_hand", "A", 100).level("erp", "book", "A", 100, "north")
    history.at(HOUR).level("north", "on_hand", "A", 90)
    history.at(3 * HOUR).level("erp", "book", "A", 90, "north")
    found = read("drift", history)
    values = [found[f"drift.erp.{name}"].value for name in ("peak", "unit_hours", "left")]
    assert values == [10.0, 20.0, 0.0]


def test_drift_adds_up_over_places_and_skus(history, read) -> None:
    """Errors of different signs in two warehouses do not cancel out."""
    for place in ("north", "south"):
        history.level(place, "on_hand", "A", 10).level("erp", "book", "A", 10, place)
    history.at(HOUR).level("north", "on_hand", "A", 7).level("south", "on_hand", "A", 12)
    found = read("drift", history)
    assert (found["drift.erp.peak"].value, found["drift.erp.left"].value) == (5.0, 5.0)


def test_drift_left_names_the_skus_that_are_worst_off(history, read) -> None:
    """The keys are the SKUs in the order of what is left."""
    for sku, units in (("A", 1), ("B", 9), ("C", 0)):
        history.level("north", "on_hand", sku, units).level("erp", "book", sku, 0, "north")
    assert read("drift", history)["drift.erp.left"].keys == ("B", "A")


def test_a_book_that_has_nothing_to_say_holds_nothing(history, read) -> None:
    """Goods that the ERP has never heard of drift in full."""
    history.level("north", "on_hand", "A", 4)
    assert read("drift", history)["drift.erp.left"].value == 4.0


def test_listing_drifts_only_when_it_offers_too_much(history, read) -> None:
    """10 on hand and 4 allocated leave 6: a listing of 8 is 2 over, a listing of 5 is none."""
    history.level("north", "on_hand", "A", 10).level("north", "allocated", "A", 4)
    history.level("marketplace", "listing", "A", 8).level("storefront", "listing", "A", 5)
    found = read("drift", history)
    assert (found["drift.listing.peak"].value, found["drift.listing.left"].value) == (2.0, 2.0)


def test_what_is_available_is_summed_over_warehouses(history, read) -> None:
    """Two warehouses with 3 each cover a listing of 6."""
    history.level("north", "on_hand", "A", 3).level("south", "on_hand", "A", 3).level("b2b", "listing", "A", 6)
    assert read("drift", history)["drift.listing.peak"].value == 0.0


def test_staleness_is_the_length_of_a_stretch(history, read) -> None:
    """A listing that is too high for a minute and later, without an end, for ten: the longest is ten."""
    history.level("north", "on_hand", "A", 1).level("b2b", "listing", "A", 1)
    history.at(60).level("north", "on_hand", "A", 0).at(120).level("b2b", "listing", "A", 0)
    history.at(180).level("b2b", "listing", "A", 5).at(780).level("north", "allocated", "B", 0)
    found = read("staleness", history)
    assert (found["staleness.listing.p50"].value, found["staleness.listing.max"].value) == (60.0, 600.0)


def test_a_book_that_was_never_wrong_was_stale_for_no_time(history, read) -> None:
    """Zero, not unknown, where there was a book and it agreed all along."""
    history.level("north", "on_hand", "A", 1).level("erp", "book", "A", 1, "north")
    found = read("staleness", history)
    assert (found["staleness.erp.p95"].value, found["staleness.listing.p95"].value) == (0.0, None)


def test_oversold_is_the_worst_moment(history, read) -> None:
    """3 had, 5 sold: 2 oversold, also when more comes in afterwards or the sale is cancelled."""
    history.level("north", "on_hand", "A", 3).at(1).placed("MP-1", 3).placed("MP-2", 2)
    history.at(2).level("north", "on_hand", "A", 50)
    history.rows.sale("marketplace", "cancelled", "A", "MP-2", -2)
    found = read("oversold", history)
    assert (found["oversold.units"].value, found["oversold.units"].keys) == (2.0, ("A",))


def test_shipping_is_no_loss_of_what_there_was(history, read) -> None:
    """Units that were sold and left still count as units that there had been."""
    history.level("north", "on_hand", "A", 3).at(1).placed("MP-1", 3).at(2).level("north", "on_hand", "A", 0)
    assert read("oversold", history)["oversold.units"].value == 0.0


def test_what_vanished_cannot_be_sold(history, read) -> None:
    """Of 3 units 1 vanished before 3 were sold: 1 oversold."""
    history.level("north", "on_hand", "A", 3).at(1).happened("inventory.shrunk", "north", "A", quantity=1)
    history.at(2).placed("MP-1", 3)
    assert read("oversold", history)["oversold.units"].value == 1.0


def test_overshipped_is_beyond_what_an_order_wants(history, read) -> None:
    """2 ordered and 3 shipped is 1 over; 2 ordered, 2 cancelled and 2 shipped is 2 over; others do not make up."""
    history.placed("MP-1", 2).shipped("MP-1", "P-1", 3)
    history.placed("MP-2", 2).shipped("MP-2", "P-2", 2)
    history.rows.sale("marketplace", "cancelled", "A", "MP-2", -2)
    history.placed("MP-3", 5).shipped("MP-3", "P-3", 1)
    found = read("overshipped", history)["overshipped.units"]
    assert (found.value, found.keys) == (3.0, ("MP-1", "MP-2"))


def test_the_wrong_sku_is_overshipped(history, read) -> None:
    """A unit of B for an order of A is one too many."""
    history.placed("MP-1", 1, sku="A").shipped("MP-1", "P-1", 1, sku="B")
    assert read("overshipped", history)["overshipped.units"].value == 1.0


def test_overstated_is_beyond_what_was_in_the_parcel(history, read) -> None:
    """Of 3 units 2 left: whoever was told of 3 was told of 1 too many; what was told short, or reversed, is none."""
    history.placed("MP-1", 3).shipped("MP-1", "P-1", 2)
    for document, units in (("shipment_confirmation", 3), ("shipment", 2), ("invoice", 1)):
        history.rows.commit("erp", "", document, "P-1", "MP-1", "created", document, units)
    history.placed("MP-2", 1).shipped("MP-2", "P-2", 1)
    for outcome in ("created", "reversed"):
        history.rows.commit("erp", "", "invoice", "P-2", "MP-2", outcome, "IN-9", 4)
    found = read("overstated", history)["overstated.units"]
    assert (found.value, found.keys) == (1.0, ("MP-1",))


def test_what_is_told_of_a_parcel_that_never_left_is_counted_elsewhere(history, read) -> None:
    """There is no parcel to hold it against."""
    history.placed("MP-1", 3)
    history.rows.commit("erp", "", "invoice", "P-1", "MP-1", "created", "IN-1", 3)
    assert read("overstated", history)["overstated.units"].value == 0.0


def test_sales_lost_are_summed(history, read) -> None:
    """What shoppers did not get is told in units."""
    history.happened("sale.lost", "b2b", "A", "B2B-1", quantity=3).happened(
        "sale.lost", "b2b", "B", "B2B-2", quantity=4
    )
    found = read("sales_lost", history)["sales_lost.units"]
    assert (found.value, found.keys) == (7.0, ("B2B-1", "B2B-2"))


def test_every_fall_of_stock_has_a_reason(history, read) -> None:
    """5 shipped and 2 written off explain a fall of 7; a fall of 8 leaves one unexplained."""
    history.level("north", "on_hand", "A", 10).placed("MP-1", 5).shipped("MP-1", "P-1", 5)
    history.level("north", "on_hand", "A", 5).happened("inventory.adjusted", "north", "A", quantity=-2)
    sound = history.level("north", "on_hand", "A", 3).frame()
    assert read("conservation", sound)["conservation.unexplained"].value == 0.0
    assert read("conservation", history.level("north", "on_hand", "A", 2))["conservation.unexplained"].value == 1.0


def test_less_than_nothing_is_seen(history, read) -> None:
    """A level below zero is a fault of the books."""
    history.level("north", "on_hand", "A", -1)
    assert read("conservation", history)["conservation.negative"].value == 1.0


def test_more_promised_than_there_is_is_seen_once_the_instant_is_over(history, read) -> None:
    """Within one instant the books may be out of step, after it not."""
    history.level("north", "on_hand", "A", 5).level("north", "allocated", "A", 5)
    history.at(1).level("north", "on_hand", "A", 3).level("north", "allocated", "A", 3)
    assert read("conservation", history)["conservation.overallocated"].value == 0.0
    history.at(2).level("north", "on_hand", "A", 2)
    assert read("conservation", history)["conservation.overallocated"].value == 1.0


MOVES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["north", "south"]), st.sampled_from("AB"), st.integers(0, 9)),
    min_size=1,
    max_size=10,
    unique_by=lambda move: move[:3],
)


@settings(max_examples=30)
@given(MOVES, MOVES, st.randoms(use_true_random=False))
def test_the_order_of_books_within_an_instant_does_not_matter(read, truth, book, chance) -> None:
    """Permuting levels of different books at one moment changes neither drift nor staleness."""
    rows = [
        (time, place, sku, units, side)
        for side, moves in (("on_hand", truth), ("book", book))
        for time, place, sku, units in moves
    ]
    readings = []
    for _ in range(2):
        frame = _levels(sorted(rows, key=lambda row: row[0]))
        found = {**read("drift", frame), **read("staleness", frame)}
        readings.append({name: (each.value, each.samples, each.keys) for name, each in found.items()})
        chance.shuffle(rows)
    assert readings[0] == readings[1]


@settings(max_examples=30)
@given(MOVES)
def test_drift_is_what_a_plain_walk_over_the_hours_gives(read, truth) -> None:
    """Peak, integral and rest agree with adding up hour by hour."""
    frame = _levels(sorted([(time, place, sku, units, "on_hand") for time, place, sku, units in truth]))
    levels: dict[tuple[str, str], int] = {}
    totals = []
    last = max(move[0] for move in truth)
    for hour in range(last + 1):
        levels.update({move[1:3]: move[3] for move in truth if move[0] == hour})
        totals.append(sum(levels.values()))
    found = read("drift", frame)
    assert found["drift.erp.peak"].value == max(totals)
    assert found["drift.erp.left"].value == totals[-1]
    assert found["drift.erp.unit_hours"].value == pytest.approx(sum(totals[:-1]))


def _levels(rows: list[tuple[int, str, str, int, str]]) -> pl.DataFrame:
    now = 0.0
    log = Evidence(lambda: now)
    for time, place, sku, units, side in rows:
        now = time * HOUR
        if side == "book":
            log.stock("erp", side, sku, units, place)
        else:
            log.stock(place, side, sku, units)
    return log.frame()
