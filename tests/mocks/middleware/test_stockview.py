"""Laws of the stock view: no plan ships what is not there, and no line is split without need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import StockLevel
from seatrial.mocks.middleware.stockview import Plan, StockView

WAREHOUSES = ("north", "south", "west")
SKUS = ("A", "B", "C", "D")
Stock = Mapping[str, Mapping[str, int]]
levels = st.dictionaries(st.sampled_from(SKUS), st.integers(-2, 6))
stocks = st.fixed_dictionaries(dict.fromkeys(WAREHOUSES, levels))
orders = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 8)).map(
    lambda units: tuple(Units(sku, count) for sku, count in units.items())
)
skips = st.sets(st.sampled_from(WAREHOUSES), max_size=2).map(frozenset)
changes = st.lists(st.tuples(st.sampled_from(WAREHOUSES), orders, st.sampled_from([1, -1])), max_size=6)


def view_of(stock: Stock) -> StockView:
    view = StockView(WAREHOUSES)
    for name, rows in stock.items():
        view.set_levels(name, [StockLevel(sku, units + 10, 10) for sku, units in rows.items()])
    return view


def shipped(plan: Plan) -> Counter[tuple[str, str]]:
    """Units by warehouse and SKU."""
    total: Counter[tuple[str, str]] = Counter()
    for name, lines in plan:
        for line in lines:
            total[name, line.sku] += line.quantity
    return total


def units(lines: Iterable[Units]) -> Counter[str]:
    return Counter({line.sku: line.quantity for line in lines})


@given(stocks, orders, skips)
def test_a_plan_ships_only_what_is_there(stock: Stock, order: tuple[Units, ...], skip: frozenset[str]) -> None:
    """No warehouse is asked for more of a SKU than it has, none that is to be skipped is asked, nothing is empty."""
    plan, _ = view_of(stock).plan(order, skip)
    for (name, sku), count in shipped(plan).items():
        assert name not in skip
        assert 0 < count <= stock[name].get(sku, 0)
    assert all(lines for _, lines in plan)


@given(stocks, orders, skips)
def test_every_unit_is_planned_or_waits(stock: Stock, order: tuple[Units, ...], skip: frozenset[str]) -> None:
    """Plan and waiting lines make up the order exactly; a line waits only if all warehouses together lack some."""
    plan, waiting = view_of(stock).plan(order, skip)
    planned: Counter[str] = Counter()
    for (_, sku), count in shipped(plan).items():
        planned[sku] += count
    assert planned + units(waiting) == units(order)
    for line in waiting:
        there = sum(max(0, rows.get(line.sku, 0)) for name, rows in stock.items() if name not in skip)
        assert there < line.quantity


@given(stocks, orders, skips)
def test_one_warehouse_ships_all_where_one_can(stock: Stock, order: tuple[Units, ...], skip: frozenset[str]) -> None:
    """Where any single warehouse has the whole order, the plan is one parcel."""
    plan, waiting = view_of(stock).plan(order, skip)
    names = [name for name in WAREHOUSES if name not in skip]
    if order and any(all(stock[name].get(line.sku, 0) >= line.quantity for line in order) for name in names):
        assert len(plan) == 1
        assert not waiting


@given(stocks, orders, skips)
def test_a_line_is_split_only_as_a_last_resort(stock: Stock, order: tuple[Units, ...], skip: frozenset[str]) -> None:
    """A line comes from more than one warehouse only if none has enough of it alone."""
    plan, _ = view_of(stock).plan(order, skip)
    sources = Counter(sku for _, sku in shipped(plan))
    for line in order:
        if sources[line.sku] > 1:
            assert all(stock[name].get(line.sku, 0) < line.quantity for name in WAREHOUSES if name not in skip)


@given(stocks, orders)
def test_a_plan_changes_nothing(stock: Stock, order: tuple[Units, ...]) -> None:
    """To plan is to look: the same question has the same answer."""
    view = view_of(stock)
    assert view.plan(order) == view.plan(order)


@given(stocks, changes)
def test_what_is_given_back_is_there_again(stock: Stock, history: list[tuple[str, tuple[Units, ...], int]]) -> None:
    """Changes and expectations are undone by their opposites."""
    view = view_of(stock)
    before = [view.promise(sku, reserved) for sku in SKUS for reserved in (True, False)]
    for name, lines, sign in history:
        view.change(name, lines, sign)
        view.expect(lines, sign)
    for name, lines, sign in history:
        view.change(name, lines, -sign)
        view.expect(lines, -sign)
    assert [view.promise(sku, reserved) for sku in SKUS for reserved in (True, False)] == before


@given(stocks, orders)
def test_what_is_sold_and_not_released_is_not_promised_again(stock: Stock, order: tuple[Units, ...]) -> None:
    """With reservation, captured orders are taken off; without, they are not; nothing below zero is promised."""
    view = view_of(stock)
    view.expect(order)
    for sku in SKUS:
        total = sum(rows.get(sku, 0) for rows in stock.values())
        assert view.promise(sku, reserved=False) == max(0, total)
        assert view.promise(sku, reserved=True) == max(0, total - units(order)[sku])


@given(stocks, orders, st.sampled_from(WAREHOUSES))
def test_whatever_changes_is_dirty(stock: Stock, order: tuple[Units, ...], name: str) -> None:
    """Every change of what can be promised marks its SKU, and a snapshot that says nothing new marks none."""
    view = view_of(stock)
    view.dirty.clear()
    view.set_levels(name, [StockLevel(sku, count, 0) for sku, count in stock[name].items()])
    assert not view.dirty
    view.change(name, order)
    assert set(view.dirty) == {line.sku for line in order}


@given(stocks, orders, st.sampled_from(WAREHOUSES))
def test_a_warehouse_that_has_nothing_left_is_believed(stock: Stock, order: tuple[Units, ...], name: str) -> None:
    """It is not asked for these SKUs again until it says that it has some."""
    view = view_of(stock)
    view.nothing_left(name, [line.sku for line in order])
    plan, _ = view.plan(order)
    assert name not in [asked for asked, _ in plan]
