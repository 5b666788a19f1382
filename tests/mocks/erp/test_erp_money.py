"""Shipments, invoices, credit memos and returns: what the ERP books, and what it refuses to book."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.mocks.books.general_ledger import Account


def balance(office: Any, account: Account) -> int:
    return int(office.erp.ledger.balance(account))


def test_a_shipment_turns_stock_into_cost_of_goods(office: Any) -> None:
    """Goods leave the book of their warehouse at standard cost; the document carries what they sell for."""
    before = balance(office, Account.INVENTORY)
    office.enter(A=2, B=1)
    office.release(A=2, B=1)
    office.ship(A=2, B=1)
    cost = 2 * 60 + 150
    assert balance(office, Account.INVENTORY) == before - cost
    assert balance(office, Account.COST_OF_GOODS) == cost
    assert (office.level("A"), office.level("B"), office.level("A", "south")) == (98, 99, 50)
    (row,) = office.rows("commit", document="shipment")
    assert (row["quantity"], row["amount"]) == (3, 2 * 101 + 251)


def test_an_order_never_ships_more_than_was_ordered(office: Any) -> None:
    """Neither in one parcel, nor in two, nor as one line given twice."""
    office.enter(A=3)
    office.release(A=3)
    office.ship(A=2)
    for wanted in ({"A": 2}, {"A": 1, "B": 1}):
        refusal = office.refused(office.ship, parcel="P2", **wanted)
        assert (refusal.code, refusal.status) == ("over_shipped", 422)


def test_an_invoice_needs_a_posted_shipment(office: Any) -> None:
    """Without the shipment of that very parcel there is nothing to bill."""
    office.enter(A=3)
    office.release(A=3)
    office.ship(A=1)
    refusal = office.refused(office.invoice, parcel="P2")
    assert (refusal.code, refusal.status) == ("not_shipped", 409)


def test_an_invoice_bills_its_parcel_at_the_prices_of_the_order(office: Any) -> None:
    """Receivables and revenue rise by what the parcel holds; the order closes with the last invoice."""
    office.enter(A=3, B=1)
    office.release(A=3, B=1)
    office.ship(parcel="P1", A=2)
    office.ship(parcel="P2", A=1, B=1)
    assert office.invoice(parcel="P2").amount == 101 + 251
    assert office.state() == "shipped"
    assert office.invoice(parcel="P1").amount == 2 * 101
    assert office.state() == "closed"
    assert balance(office, Account.RECEIVABLES) == 3 * 101 + 251 == -balance(office, Account.REVENUE)


def test_charges_are_billed_with_the_first_invoice_and_once(office: Any) -> None:
    """Carriage is never shipped, never counted as goods, and invoiced at the price of the order."""
    office.enter(charge=495, A=2)
    office.release(A=2)
    office.ship(parcel="P1", A=1)
    office.ship(parcel="P2", A=1)
    assert office.invoice(parcel="P1").amount == 101 + 495
    assert office.invoice(parcel="P2").amount == 101
    assert (balance(office, Account.CHARGES), balance(office, Account.REVENUE)) == (-495, -202)
    assert office.credit(POST=1).amount == 495
    assert balance(office, Account.CHARGES) == 0


def test_a_repeated_invoice_is_a_second_invoice(office: Any) -> None:
    """The ERP itself bills a parcel as often as it is asked, closed or not; the customer owes it twice."""
    office.sell(A=2)
    assert office.invoice().amount == 202
    assert office.documents().count(("invoice", "P1")) == 2
    assert balance(office, Account.RECEIVABLES) == 404
    assert office.credit(A=4).amount == 404


def test_a_repeated_shipment_is_a_second_shipment_while_units_are_open(office: Any) -> None:
    """A parcel posted twice takes its goods off twice, until the order has no more."""
    office.enter(A=4)
    office.release(A=4)
    office.ship(A=2)
    office.ship(A=2)
    assert office.level("A") == 96
    assert office.refused(office.ship, A=2).code == "over_shipped"
    assert (office.invoice().amount, office.state()) == (202, "shipped")
    assert (office.invoice().amount, office.state()) == (202, "closed")


def test_a_credit_never_exceeds_the_invoice(office: Any) -> None:
    """What was invoiced can be credited once, at its price, in as many parts as one likes."""
    office.sell(A=3, B=1)
    assert office.credit(rma="RMA-1", A=2).amount == 202
    for wanted in ({"A": 2}, {"A": 1, "B": 2}):
        refusal = office.refused(office.credit, rma="RMA-2", **wanted)
        assert (refusal.code, refusal.status) == ("over_credited", 422)
    assert office.credit(rma="RMA-2", A=1, B=1).amount == 101 + 251
    assert balance(office, Account.RECEIVABLES) == 0


def test_what_was_shipped_and_not_invoiced_cannot_be_credited(office: Any) -> None:
    """A credit memo takes back an invoice, not a shipment."""
    office.enter(A=1)
    office.release(A=1)
    office.ship(A=1)
    assert office.refused(office.credit, A=1).code == "over_credited"


def test_a_return_is_authorised_for_what_was_sold(office: Any) -> None:
    """The ERP says what the goods were invoiced at; a refusal is an event, too."""
    office.sell(A=2)
    assert office.authorise(A=1).amount == 101
    assert office.documents()[-1] == ("rma", "RMA-1")
    assert office.refused(office.authorise, rma="RMA-2", A=3).code == "over_returned"
    assert office.refused(office.authorise, rma="RMA-3", C=1).code == "not_sold"
    assert office.refused(office.authorise, "O-9", rma="RMA-4", A=1).code == "unknown_order"
    assert office.events()[-4:] == ["return.authorised", "return.refused", "return.refused", "return.refused"]


def test_an_order_settles_once_everything_is_shipped_invoiced_and_delivered(office: Any) -> None:
    """Whatever comes last settles it, and no repeat does so again."""
    office.enter(A=2)
    office.release(A=2)
    office.ship(parcel="P1", A=1)
    office.milestone(parcel="P1")
    office.ship(parcel="P2", A=1)
    office.milestone(parcel="P2")
    office.invoice(parcel="P1")
    assert "order.settled" not in office.events()
    office.invoice(parcel="P2")
    office.milestone(parcel="P2")
    office.milestone(parcel="P1")
    assert office.events().count("order.settled") == 1


def test_a_parcel_that_came_back_settles_with_its_credit(office: Any) -> None:
    """Undelivered goods are owed for until they are credited."""
    office.sell(A=2)
    office.milestone(milestone="return_to_sender")
    assert "order.settled" not in office.events()
    office.credit(A=2)
    assert office.events()[-1] == "order.settled"


def test_a_milestone_needs_a_posted_shipment_and_a_known_name(office: Any) -> None:
    """News of a parcel that the ERP has not shipped comes too early; a stage that does not exist is refused."""
    office.enter(A=1)
    assert office.refused(office.milestone).code == "not_shipped"
    refusal = office.refused(office.milestone, milestone="returned_to_sender")
    assert refusal.code == "unknown_stage"
    assert "return_to_sender" in str(refusal)


@pytest.mark.parametrize("act", ["release", "backorder", "ship", "authorise", "credit"])
@pytest.mark.parametrize("wanted", [{}, {"A": 0}, {"A": -1}, {"A": 1, "B": 0}])
def test_lines_have_units(office: Any, act: str, wanted: dict[str, int]) -> None:
    """No lines at all, or one with nothing on it, is no request."""
    office.sell(A=3, B=3)
    assert office.refused(getattr(office, act), **wanted).code == "bad_line"
