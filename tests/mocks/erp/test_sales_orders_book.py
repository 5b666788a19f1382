"""The book of sales orders stays small: finished orders are packed, and old ones leave."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from seatrial.mocks.books.sales_orders import AT_HAND, BOX
from seatrial.sim.quantities import Seconds

DAY = 86_400.0


def pass_days(office: Any, days: float) -> None:
    """Time goes by; the book tidies up when the next order comes."""
    office.env.run(office.env.now + days * DAY)
    office.enter("O-next", A=1)


def test_a_finished_order_is_packed_after_a_while_and_still_known(office: Any) -> None:
    """It can be found, returned and credited as if it had never been packed."""
    office.sell(A=2, B=1)
    pass_days(office, 0.5)
    assert office.erp.orders.packed == 0
    pass_days(office, 1)
    assert office.erp.orders.packed == 1
    assert (office.find().ids, office.state()) == (("SO-1",), "closed")
    assert office.authorise(B=1).amount == 251
    assert office.credit(A=1).amount == 101
    office.milestone()
    assert office.events()[-1] == "order.settled"
    pass_days(office, 1.5)
    assert office.refused(office.credit, A=2).code == "over_credited"


def test_an_order_with_a_live_duplicate_is_not_packed(office: Any) -> None:
    """As long as one of them can still be shipped, all stay at hand; then all are packed."""
    office.enter(A=1)
    office.cancel()
    office.enter(A=1)
    pass_days(office, 2)
    assert office.erp.orders.packed == 0
    office.cancel()
    pass_days(office, 2)
    assert office.erp.orders.packed == 1
    office.enter(A=1)
    assert office.find().ids == ("SO-5",)


def test_duplicates_are_packed_together(office: Any) -> None:
    """Both come out of the box again, with what was booked on each."""
    office.sell(parcel="P1", A=2)
    office.sell(parcel="P2", A=2)
    pass_days(office, 2)
    assert office.erp.orders.packed == 1
    assert office.find().ids == ("SO-1", "SO-2")
    assert office.credit(rma="RMA-1", A=2).amount == 202
    assert office.credit(rma="RMA-2", A=2).amount == 202
    assert office.refused(office.credit, rma="RMA-3", A=1).code == "over_credited"


def test_a_packed_order_leaves_when_its_time_is_over(new_office: Any) -> None:
    """Kept as long as the setting says, and not much longer; then nobody remembers it."""
    office = new_office(keep=Seconds(5 * DAY))
    office.sell(A=1)
    for _ in range(4):
        pass_days(office, 1.2)
    assert office.state() == "closed"
    pass_days(office, 2)
    pass_days(office, (AT_HAND + BOX) / DAY)
    assert office.state() == ""
    assert office.refused(office.credit, A=1).code == "unknown_order"


def test_an_order_that_waits_is_never_forgotten(new_office: Any) -> None:
    """What is not finished stays, however old it is."""
    office = new_office(keep=Seconds(DAY))
    office.enter(A=1)
    for _ in range(10):
        pass_days(office, 5)
    assert office.state() == "entered"


@pytest.mark.parametrize("orders", [500])
def test_a_finished_order_takes_less_than_300_bytes(office: Any, orders: int) -> None:
    """Its number, its record and its share of the tables, for an order of three lines in one parcel."""
    for count in range(orders):
        number = f"MP-{1_000_000 + count}"
        office.sell(number, f"north-P{1_000_000 + count}", A=1, B=2, C=3)
        office.milestone(number, f"north-P{1_000_000 + count}")
    pass_days(office, 2)
    book = office.erp.orders
    assert (book.packed, len(book)) == (orders, 1)
    size = sys.getsizeof(book._packed) + sys.getsizeof(book._boxes[0][1])
    size += sum(sys.getsizeof(number) + sys.getsizeof(record) for number, record in book._packed.items())
    assert size / orders < 300
    assert (len(book._finished), len(book._boxes)) == (0, 1)
    assert sum(office.held(sku) for sku in "ABC") == 0
