"""The ERP's stock: movements, corrections and pages."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.mocks.books.general_ledger import Account
from seatrial.mocks.messages.erp import ListStock, PostMovement, PostShipment, RecordRelease
from seatrial.mocks.messages.orders import Units
from seatrial.sim.conduct import Conduct
from seatrial.sim.policies.reads import CursorReads

OTHER_SIDE = {
    "received": Account.GOODS_RECEIVED,
    "restocked": Account.COST_OF_GOODS,
    "shrunk": Account.STOCK_DIFFERENCES,
    "counted": Account.STOCK_DIFFERENCES,
}


def test_the_books_open_with_the_stock_of_the_assortment(office: Any) -> None:
    """Every level is told at the start, and worth its standard cost."""
    rows = office.rows("stock", operation="book")
    told = {(row["document_id"], row["key"]): row["quantity"] for row in rows}
    assert told == {(place, sku): level for place, level in (("north", 100), ("south", 50)) for sku in "ABC"}
    worth = 150 * (60 + 150 + 1199)
    assert office.erp.ledger.balance(Account.INVENTORY) == worth == -office.erp.ledger.balance(Account.OPENING_STOCK)


@pytest.mark.parametrize("reason", list(OTHER_SIDE))
def test_a_movement_changes_the_book_and_its_worth(office: Any, reason: str) -> None:
    """Levels change by the deltas, and the other side stands on the account of the reason."""
    before = office.erp.ledger.balance(Account.INVENTORY)
    office.move(reason, A=5, B=-2)
    assert (office.level("A"), office.level("B"), office.level("A", "south")) == (105, 98, 50)
    worth = 5 * 60 - 2 * 150
    assert office.erp.ledger.balance(Account.INVENTORY) == before + worth
    assert office.erp.ledger.balance(OTHER_SIDE[reason]) == -worth
    assert office.documents() == [("movement", "M-1")]
    assert office.events() == ["inventory.posted"]


def test_a_repeated_movement_is_booked_again(office: Any) -> None:
    """Deltas are not safe to repeat; the ERP itself does not know a movement again."""
    office.move(A=5)
    office.move(A=5)
    assert office.level("A") == 110
    assert office.documents() == [("movement", "M-1")] * 2


def test_what_was_shipped_is_no_movement(office: Any) -> None:
    """Goods leave the book with their shipment, so that they leave it once."""
    refusal = office.refused(office.move, "shipped", A=-1)
    assert (refusal.code, refusal.status) == ("goods_issue", 422)
    refusal = office.refused(office.move, "stolen", A=-1)
    assert refusal.code == "unknown_reason"
    assert "shrunk" in str(refusal)


def test_a_count_sets_levels_and_says_how_many_were_wrong(office: Any) -> None:
    """Only what differs is changed and told; what was not counted stays."""
    before = len(office.rows("stock"))
    assert office.count(A=97, B=100).corrected == 1
    assert (office.level("A"), office.level("B"), office.level("C")) == (97, 100, 100)
    assert len(office.rows("stock")) == before + 1
    assert office.erp.ledger.balance(Account.STOCK_DIFFERENCES) == 3 * 60
    assert office.count(A=97, B=100).corrected == 0
    assert [row["quantity"] for row in office.rows("event", operation="inventory.posted")] == [3]


def test_nobody_counts_less_than_nothing(office: Any) -> None:
    """A count is not negative, though the book may be."""
    assert office.refused(office.count, A=5, B=-1).code == "bad_line"
    office.move("shrunk", A=-120)
    assert office.level("A") == -20


@pytest.mark.parametrize(("place", "sku", "code"), [("west", "A", "unknown_warehouse"), ("north", "Z", "unknown_item")])
def test_the_book_knows_its_warehouses_and_items(office: Any, place: str, sku: str, code: str) -> None:
    """What has no place in the book is refused; the error names what does."""
    office.enter(A=1)
    moves = (Units("A", 1), Units(sku, 1))
    assert office.refused(office.erp.post_movement, PostMovement("M", place, moves, "received")).code == code
    assert office.refused(office.count, warehouse=place, **{sku: 1}).code == code
    if place == "west":
        lines = (Units("A", 1),)
        release = RecordRelease("O-1", "R", place, lines)
        refusal = office.refused(office.erp.record_release, release)
        assert "north, south" in str(refusal)
        office.release(A=1)
        assert office.refused(office.erp.post_shipment, PostShipment("O-1", "P", place, lines, 0.0)).code == code
        assert office.refused(office.erp.list_stock, ListStock(place)).code == code


def test_pages_of_stock_cover_every_sku_once(office: Any) -> None:
    """Page after page, in the order of the SKUs, no larger than asked for; the last has no cursor."""
    seen: list[tuple[str, int]] = []
    cursor, pages = "", 0
    while pages == 0 or cursor:
        page = office.erp.list_stock(ListStock("south", cursor, 2))
        seen += [(level.sku, level.quantity) for level in page.levels]
        cursor, pages = page.cursor, pages + 1
    assert seen == [("A", 50), ("B", 50), ("C", 50)]
    assert pages == 2
    assert office.refused(office.erp.list_stock, ListStock("south", "", 0)).status == 400


def test_pages_are_no_larger_than_the_conduct_allows(new_office: Any) -> None:
    """The reads policy limits a page, whatever the caller asks for."""
    office = new_office(conduct=Conduct(reads=CursorReads(page_limit=1)))
    assert len(office.erp.list_stock(ListStock("north")).levels) == 1


def test_a_stale_copy_shows_the_level_before_a_change(office: Any) -> None:
    """What changed after a copy was made is not in it."""
    office.env.run(100)
    office.move(A=5)
    office.erp.visible_until = 99.0
    assert office.erp.list_stock(ListStock("north")).levels[0].quantity == 100
    office.erp.visible_until = float("inf")
    assert office.erp.list_stock(ListStock("north")).levels[0].quantity == 105
