"""Stocking: what the warehouses hold when the run begins, so that demand can be met for a while."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from seatrial.scenarios.shares import Split
from seatrial.sim.assortment import Assortment, Item

_ROUNDING = 1e-9


def stock_up(
    currency: str, prices: Mapping[str, int], pace: Mapping[str, float], cover: float, warehouses: Split
) -> Assortment:
    """Every priced SKU, with stock for `cover` seconds of its pace (units per second), divided among the warehouses.

    Part units are rounded up in each warehouse; a SKU that nobody buys begins with none.
    """

    def levels(sku: str) -> dict[str, int]:
        units = pace.get(sku, 0.0) * cover
        return {name: ceil(units * share - _ROUNDING) for name, share in warehouses.shares}

    return Assortment(currency, {sku: Item(sku, prices[sku], levels(sku)) for sku in sorted(prices)})
