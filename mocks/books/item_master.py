"""The item master: what can be ordered, at which price, at which cost, and what is only charged."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.mocks.books.erp_settings import ErpSettings
from seatrial.mocks.books.order_line import Line
from seatrial.mocks.messages.erp import LineProblem
from seatrial.mocks.messages.orders import OrderLine
from seatrial.sim.assortment import Assortment
from seatrial.sim.errors import Rejected


class ItemMaster:
    """Items with list prices and standard costs, and charges (carriage, fees), which no warehouse stocks.

    What stands in a warehouse is no charge, whatever its name. A charge may stand on an order at any price.

    Raises Rejected 422: `unknown_item`, `bad_line`, `nothing_to_ship`.
    """

    def __init__(self, assortment: Assortment, settings: ErpSettings) -> None:
        items = assortment.items
        self._prices = {sku: item.price for sku, item in items.items()}
        goods = [item for item in items.values() if item.stock]
        charges = (sku for sku in (*settings.charges, *items) if sku not in items or not items[sku].stock)
        self._charges = {sku: self._prices.get(sku, 0) for sku in charges}
        self._floor = 1 - settings.price_tolerance
        self.costs = {item.sku: round(item.price * settings.cost_share) for item in goods}
        """Standard cost of one unit of every stocked item, minor units."""
        places = {place: None for item in goods for place in item.stock}
        self.opening = {place: {item.sku: item.stock.get(place, 0) for item in goods} for place in places}
        """Units at the start of the run by warehouse and SKU."""

    def problem(self, line: OrderLine) -> LineProblem | None:
        """What is wrong with a line, if anything."""
        sku = line.sku
        if sku in self._charges:
            return LineProblem(sku, "not_stocked", self._charges[sku])
        listed = self._prices.get(sku)
        if listed is None:
            return LineProblem(sku, "unknown_item", 0)
        low, high = sorted((line.unit_price, listed))
        return LineProblem(sku, "wrong_price", listed) if low < high * self._floor else None

    def lines(self, wanted: Iterable[OrderLine]) -> dict[str, Line]:
        """The lines of a sales order, at the prices of the order."""
        lines: dict[str, Line] = {}
        costs, charges = self.costs, self._charges
        shippable = False
        for line in wanted:
            sku = line.sku
            if sku not in costs and sku not in charges:
                raise Rejected(
                    "unknown_item", f"no item {sku!r} · {len(costs)} items and {len(charges)} charges are known"
                )
            if line.quantity <= 0 or line.unit_price < 0 or sku in lines:
                text = f"{line.quantity} x {sku} at {line.unit_price} · a SKU stands on one line, with units above zero"
                raise Rejected("bad_line", text)
            goods = sku in costs
            shippable = shippable or goods
            lines[sku] = Line(line.quantity, line.unit_price, goods)
        if not shippable:
            raise Rejected("nothing_to_ship", "no line of the order has goods · charges alone are billed by hand")
        return lines
