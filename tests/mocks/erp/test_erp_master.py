"""Customers, items, prices and the exception queues of the ERP."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.mocks.messages.erp import CheckLines, CloseException, CreateSalesOrder, OpenException
from seatrial.mocks.messages.orders import OrderLine
from seatrial.mocks.partners.erp import Erp
from seatrial.sim.errors import BadInput
from seatrial.sim.events import EVENTS, Emitter
from seatrial.sim.quantities import Seconds, Share


def problems(office: Any, *lines: OrderLine) -> list[tuple[str, str, int]]:
    found = office.erp.check_lines(CheckLines("O-1", lines)).problems
    return [(each.sku, each.problem, each.list_price) for each in found]


def create(office: Any, *lines: OrderLine, customer: str = "c1", currency: str = "GBP") -> str:
    refusal = office.refused(office.erp.create_sales_order, CreateSalesOrder("O-1", "b2b", customer, currency, lines))
    return str(refusal.code)


def test_good_lines_have_no_problems(office: Any) -> None:
    """Known items at about their list price can be ordered."""
    assert problems(office, OrderLine("A", 1, 100), OrderLine("B", 1, 240)) == []


def test_each_bad_line_is_named_with_its_problem(office: Any) -> None:
    """Unknown items, prices out of bounds on either side, and what no warehouse stocks."""
    lines = [OrderLine("Z", 1, 5), OrderLine("A", 1, 9), OrderLine("B", 1, 2501), OrderLine("POST", 1, 7)]
    expected = [("Z", "unknown_item", 0), ("A", "wrong_price", 100), ("B", "wrong_price", 250)]
    assert problems(office, *lines) == [*expected, ("POST", "not_stocked", 0)]


@pytest.mark.parametrize(("tolerance", "low", "high"), [(0.0, 100, 100), (0.5, 50, 200), (0.9, 10, 1000)])
def test_a_price_may_differ_by_the_tolerance(new_office: Any, tolerance: float, low: int, high: int) -> None:
    """The bounds are the same factor below and above the list price; with 100 % any price will do."""
    office = new_office(price_tolerance=Share(tolerance))
    assert problems(office, OrderLine("A", 1, low), OrderLine("A", 1, high)) == []
    assert len(problems(office, OrderLine("A", 1, low - 1), OrderLine("A", 1, high + 1))) == 2
    anything = new_office(price_tolerance=Share(1))
    assert problems(anything, OrderLine("A", 1, 0), OrderLine("A", 1, 10**9)) == []


def test_what_a_warehouse_stocks_is_no_charge(new_office: Any) -> None:
    """Goods stay goods though their SKU looks like a charge; an item without stock anywhere becomes one."""
    office = new_office(charges=("A", "GIFT"))
    assert problems(office, OrderLine("A", 1, 100)) == []
    assert problems(office, OrderLine("GIFT", 1, 100)) == [("GIFT", "not_stocked", 0)]
    assert problems(office, OrderLine("POST", 1, 100)) == [("POST", "unknown_item", 0)]


def test_what_cannot_be_on_an_order_is_refused(office: Any) -> None:
    """Unknown items, lines without units, prices below zero, a SKU on two lines, an order without goods."""
    good = OrderLine("A", 1, 100)
    assert create(office, good, OrderLine("Z", 1, 100)) == "unknown_item"
    assert create(office, good, OrderLine("B", 0, 100)) == "bad_line"
    assert create(office, good, OrderLine("B", 1, -1)) == "bad_line"
    assert create(office, good, good) == "bad_line"
    assert create(office, OrderLine("POST", 1, 100)) == "nothing_to_ship"
    assert create(office) == "nothing_to_ship"


def test_an_order_needs_a_known_customer_and_the_currency_of_the_books(office: Any) -> None:
    """Nobody else's money and nobody unknown is booked."""
    good = OrderLine("A", 1, 100)
    assert create(office, good, customer="c2") == "unknown_customer"
    assert create(office, good, currency="EUR") == "wrong_currency"


def test_a_customer_saved_twice_is_one_customer(office: Any) -> None:
    """Saving is an upsert by the channel's number."""
    assert office.save("c7") == office.save("c7") != office.save("c8")


def test_a_case_is_opened_and_closed_in_the_queue_of_its_team(office: Any) -> None:
    """Both are events that carry the team; the record is a document."""
    erp = office.erp
    erp.open_exception(OpenException("case-1", "O-1", "logistics", "short_pick"))
    assert [case.reason for case in erp.exceptions.waiting("logistics")] == ["short_pick"]
    assert erp.exceptions.waiting("finance") == []
    erp.close_exception(CloseException("case-1"))
    assert erp.exceptions.waiting("logistics") == []
    rows = [(row["operation"], row["key"], row["correlation"], row["document_id"]) for row in office.rows("event")]
    assert rows == [(f"exception.{what}", "case-1", "O-1", "logistics") for what in ("opened", "closed")]
    assert office.documents() == [("exception", "case-1")]


def test_a_case_opened_twice_is_two_records_that_are_solved_together(office: Any) -> None:
    """A duplicate stands in the queue like any other; what is not open cannot be closed."""
    case = OpenException("case-1", "", "finance", "price")
    assert office.erp.open_exception(case) != office.erp.open_exception(case)
    assert len(office.erp.exceptions.waiting("finance")) == 2
    office.erp.close_exception(CloseException("case-1"))
    refusal = office.refused(office.erp.close_exception, CloseException("case-1"))
    assert (refusal.code, refusal.status) == ("unknown_case", 404)
    assert office.events().count("exception.closed") == 2


def test_every_event_of_the_erp_is_its_own(office: Any) -> None:
    """It writes no event that the table gives to another ledger."""
    office.sell(A=2)
    office.milestone()
    office.authorise(A=1)
    office.credit(A=1)
    office.move(A=1)
    office.count(B=3)
    office.enter("O-2", A=1)
    office.backorder("O-2", A=1)
    office.cancel("O-2")
    assert len(set(office.events())) == 10
    assert {EVENTS[name].emitter for name in office.events()} == {Emitter.ERP}


def test_every_operation_says_what_it_is_about() -> None:
    """Each has a business key, and each of the documents of trade has one operation that makes it."""
    own = [each for each in Erp.operations.values() if "sign" not in each.path and "subscription" not in each.path]
    assert all(each.key for each in own)
    made = sorted(each.document for each in own if each.document)
    assert made == ["credit_memo", "exception", "invoice", "movement", "rma", "sales_order", "shipment"]


@pytest.mark.parametrize("interval", [0.0, -1.0, float("inf"), float("nan")])
def test_batch_windows_come_round(interval: float) -> None:
    """An interval that is nothing, or never ends, is bad input."""
    with pytest.raises(BadInput, match="batch_every"):
        Erp.Settings(character="legacy", batch_every=Seconds(interval))
