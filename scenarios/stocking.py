"""Stocking: what the warehouses hold when the run begins, so that demand can be met for a while."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from seatrial.scenarios.shares import Split
from seatrial.sim.assortment import Assortment, Item
from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import MOST

_ROUNDING = 1e-9


def stock_up(
    currency: str, prices: Mapping[str, int], pace: Mapping[str, float], cover: float, warehouses: Split
) -> Assortment:
    """Every priced SKU, with stock for `cover` seconds of its pace (units per second), divided among the warehouses.

    Part units are rounded up in each warehouse; a SKU that nobody buys begins with none. Raises BadInput for more
    units than anybody counts.
    """

    def levels(sku: str) -> dict[str, int]:
        units = pace.get(sku, 0.0) * cover
        if units > MOST:
            hint = f"at most {MOST} units of an item: lower the rate or the `cover`"
            raise BadInput(f"the stock of {sku} is more than anybody counts", value=units, hint=hint)
        return {name: ceil(units * share - _ROUNDING) for name, share in warehouses.shares}

    return Assortment(currency, {sku: Item(sku, prices[sku], levels(sku)) for sku in sorted(prices)})
