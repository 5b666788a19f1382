"""The stock book is the sum of its movements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.books.stock_book import StockBook
from seatrial.sim.errors import Rejected

CHANGES = st.lists(st.tuples(st.sampled_from(["north", "south"]), st.sampled_from("ABC"), st.integers(-50, 50)))


def book() -> StockBook:
    return StockBook({"north": {"B": 5, "A": 3, "C": 0}, "south": {"A": 7, "B": 0, "C": 0}})


@given(CHANGES)
def test_a_level_is_the_opening_and_the_sum_of_all_changes(changes: list[tuple[str, str, int]]) -> None:
    """No change is lost, none spills into another warehouse or SKU, and each says the level that it leads to."""
    stock = book()
    expected = {(place, sku): book().level(place, sku) for place in ("north", "south") for sku in "ABC"}
    for place, sku, units in changes:
        expected[place, sku] += units
        assert stock.change(place, sku, units, 1.0) == expected[place, sku]
    assert {(place, sku): stock.level(place, sku) for place, sku in expected} == expected


@given(CHANGES)
def test_allocations_add_up_beside_the_levels(changes: list[tuple[str, str, int]]) -> None:
    """To set units apart changes no level."""
    stock = book()
    for place, sku, units in changes:
        stock.allocate(place, sku, units)
    assert stock.level("north", "A") == 3
    assert stock.allocated("north", "A") == sum(each[2] for each in changes if each[:2] == ("north", "A"))


def test_a_copy_ends_where_it_was_made() -> None:
    """Until a moment before the last change the old level is seen, from then on the new one."""
    stock = book()
    stock.change("north", "A", 4, 10.0)
    assert [stock.level("north", "A", until) for until in (9.0, 10.0)] == [3, 7]
    assert stock.level("south", "A", 9.0) == 7


def test_pages_go_on_behind_a_sku_whether_it_exists_or_not() -> None:
    """SKUs come in their order; a cursor is a place between them."""
    stock = book()
    assert stock.page("north", "", 2, 0.0) == [("A", 3), ("B", 5)]
    assert stock.page("north", "AA", 5, 0.0) == [("B", 5), ("C", 0)]
    assert stock.page("north", "C", 5, 0.0) == []


def test_strangers_are_refused_by_name() -> None:
    """An unknown warehouse is told the known ones, an unknown item itself."""
    with pytest.raises(Rejected, match="north, south"):
        book().check("west")
    with pytest.raises(Rejected, match="'Z'"):
        book().check("north", ["A", "Z"])
