"""What the ERP lets happen to a sales order, from its entry to its end."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.mocks.books.sales_order import MOVES

STATES = ("entered", "released", "backordered", "part_shipped", "shipped", "closed", "cancelled")
ACTS = {
    "release": lambda office: office.release(A=1),
    "backorder": lambda office: office.backorder(A=1),
    "ship": lambda office: office.ship(parcel="P9", A=1),
    "cancel": lambda office: office.cancel(),
}


def bring(office: Any, state: str) -> None:
    """Take an order of four units to a state; units are open wherever the state allows any."""
    office.enter(A=4)
    if state in ("released", "part_shipped", "shipped", "closed"):
        office.release(A=4)
    if state == "backordered":
        office.backorder(A=4)
    if state in ("part_shipped", "shipped", "closed"):
        office.ship(A=2 if state == "part_shipped" else 4)
    if state == "closed":
        office.invoice()
    if state == "cancelled":
        office.cancel()
    assert office.state() == state


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", list(ACTS))
def test_an_act_is_possible_in_the_states_of_the_table_and_in_no_other(office: Any, act: Any, state: Any) -> None:
    """Release, back-order, shipment and cancellation go where the table leads; else 409 names the state."""
    bring(office, state)
    if state in MOVES[act]:
        ACTS[act](office)
        assert office.state() == MOVES[act][state]
    elif act == "ship" and state in ("shipped", "closed"):
        assert office.refused(ACTS[act], office).code == "over_shipped"
    else:
        refusal = office.refused(ACTS[act], office)
        code = "already_cancelled" if act == "cancel" and state == "cancelled" else "wrong_state"
        assert (refusal.code, refusal.status) == (code, 409)
        assert state in str(refusal)


def test_an_order_goes_from_entered_to_settled(office: Any) -> None:
    """Each step of a plain order is one document and one event of the ERP's own."""
    office.enter(A=2, B=1)
    office.release(A=2, B=1)
    office.ship(A=2, B=1)
    assert office.state() == "shipped"
    office.invoice()
    assert office.state() == "closed"
    office.milestone()
    assert office.events("O-1") == [
        "order.entered",
        "shipment.posted",
        "invoice.posted",
        "order.closed",
        "order.settled",
    ]
    assert office.documents() == [("sales_order", "O-1"), ("shipment", "P1"), ("invoice", "P1")]


def test_an_order_that_nobody_entered_is_unknown(office: Any) -> None:
    """Whatever is asked about an unknown number is refused with 404, but to look it up is no error."""
    for act in (office.release, office.backorder, office.ship, office.credit):
        refusal = office.refused(act, "O-9", A=1)
        assert (refusal.code, refusal.status) == ("unknown_order", 404)
    for act in (office.invoice, office.milestone, office.cancel):
        assert office.refused(act, "O-9").status == 404
    assert (office.find("O-9").ids, office.state("O-9")) == ((), "")


def test_a_repeated_create_is_a_second_sales_order(office: Any) -> None:
    """The ERP itself looks for no duplicates: both live, oldest first."""
    first, second = office.enter(A=1).id, office.enter(A=1).id
    assert office.find().ids == (first, second)
    assert office.documents() == [("sales_order", "O-1")] * 2


def test_shipments_go_to_the_oldest_live_sales_order_that_has_room(office: Any) -> None:
    """A duplicate takes what the first cannot: the order ships twice, and not three times."""
    office.enter(A=2)
    office.enter(A=2)
    office.release(A=2)
    office.release(release="R2", A=2)
    office.ship(parcel="P1", A=2)
    first, second = office.erp.orders.known("O-1", 0.0)
    assert (first.state, second.state) == ("shipped", "entered")
    office.release(release="R2", A=2)
    office.ship(parcel="P2", A=2)
    assert second.state == "shipped"
    assert office.refused(office.ship, parcel="P3", A=2).code == "over_shipped"


def test_where_no_duplicate_will_do_the_oldest_says_why(office: Any) -> None:
    """The refusal speaks of the first live sales order, never of a cancelled one."""
    first = office.enter(A=2).id
    second = office.enter(A=2).id
    assert first in str(office.refused(office.ship, A=1))
    office.cancel(order_id=first)
    assert second in str(office.refused(office.ship, A=1))


def test_a_duplicate_can_be_cancelled_alone(office: Any) -> None:
    """An integration heals a duplicate by its id: the document is reversed, the order itself is not cancelled."""
    first, second = office.enter(A=2).id, office.enter(A=2).id
    office.cancel(order_id=second)
    assert office.find().ids == (first,)
    assert office.documents("reversed") == [("sales_order", "O-1")]
    assert "order.cancelled" not in office.events()
    assert office.refused(office.cancel, order_id=second).code == "unknown_sales_order"
    office.cancel()
    assert office.events().count("order.cancelled") == 1


def test_without_an_id_all_duplicates_are_cancelled(office: Any) -> None:
    """The whole order number is cancelled, and once."""
    office.enter(A=2)
    office.enter(A=2)
    office.cancel()
    assert (office.find().ids, office.state()) == ((), "cancelled")
    assert office.events().count("order.cancelled") == 1
    assert len(office.documents("reversed")) == 2


def test_what_has_shipped_is_not_cancelled(office: Any) -> None:
    """The rest is given up, the document stands and is changed; once invoiced, the order is closed."""
    office.enter(A=3, B=1)
    office.release(A=3, B=1)
    office.ship(A=2)
    office.cancel()
    assert office.state() == "shipped"
    assert office.documents("reversed") == []
    (changed,) = office.rows("commit", outcome="updated")
    assert (changed["quantity"], changed["amount"]) == (-2, -(101 + 251))
    assert office.refused(office.ship, parcel="P2", B=1).code == "over_shipped"
    office.invoice()
    assert office.state() == "closed"


def test_releases_set_stock_apart_until_it_leaves(office: Any) -> None:
    """Allocated units rise with a release and fall with its shipment; on hand falls with the shipment only."""
    office.enter(A=3)
    office.release(A=3)
    assert (office.level("A"), office.held("A")) == (100, 3)
    office.ship(A=2)
    assert (office.level("A"), office.held("A")) == (98, 1)
    office.cancel()
    assert (office.level("A"), office.held("A")) == (98, 0)


def test_a_later_release_takes_over_the_units_of_an_earlier_one(office: Any) -> None:
    """After a warehouse has let go, the units are allocated in the next one and only there."""
    office.enter(A=3)
    office.release(A=3)
    office.release(release="R2", warehouse="south", A=2)
    assert (office.held("A"), office.held("A", "south")) == (1, 2)
    office.release(release="R2", warehouse="south", A=3)
    assert (office.held("A"), office.held("A", "south")) == (0, 3)
    office.ship(warehouse="north", A=3)
    assert (office.held("A"), office.held("A", "south")) == (0, 0)


@pytest.mark.parametrize(("act", "code"), [("release", "over_released"), ("backorder", "over_backordered")])
def test_no_more_is_released_or_promised_than_is_open(office: Any, act: str, code: str) -> None:
    """Units that are not on the order, or gone already, cannot be released or back-ordered."""
    office.enter(A=3, B=1, charge=500)
    office.release(A=3, B=1)
    office.ship(A=2)
    for wanted in ({"A": 2}, {"C": 1}, {"POST": 1}, {"B": 1, "A": 2}):
        assert office.refused(getattr(office, act), **wanted).code == code


def test_what_waits_for_stock_holds_none(office: Any) -> None:
    """A back-order frees what was allocated; the same promise told twice is one event, a new date is news."""
    office.enter(A=3, B=1)
    office.release(A=3, B=1)
    office.backorder(A=2)
    assert (office.state(), office.held("A"), office.held("B")) == ("backordered", 1, 1)
    office.backorder(A=2)
    office.backorder(A=2, ship_by=1e6)
    events = office.rows("event", operation="order.backordered")
    assert [(row["quantity"], row["amount"]) for row in events] == [(2, 202), (2, 202)]
    office.release(release="R2", A=2)
    assert (office.state(), office.held("A")) == ("released", 3)


def test_what_leaves_without_a_release_is_what_waited(office: Any) -> None:
    """A parcel from a warehouse that holds nothing takes the waiting units, not those of another warehouse."""
    office.enter(A=4)
    office.release(A=4)
    office.backorder(A=1)
    office.ship(warehouse="south", A=1)
    (order,) = office.erp.orders.known("O-1", 0.0)
    assert (order.lines["A"].waiting, office.held("A")) == (0, 3)


def test_a_stale_copy_does_not_know_a_new_order(office: Any) -> None:
    """What was entered after a copy was made cannot be found in it: the look-up before a repeat may lie."""
    office.env.run(100)
    office.enter(A=1)
    office.erp.visible_until = 99.0
    assert office.find().ids == ()
    office.erp.visible_until = float("inf")
    assert office.find().ids == ("SO-1",)
