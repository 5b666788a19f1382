"""What the network sells: items with prices and the stock they begin with."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Item(msgspec.Struct, frozen=True):
    """One SKU."""

    sku: str
    """Stock keeping unit."""
    price: int
    """List price of a unit in minor units."""
    stock: Mapping[str, int]
    """Units at the start of the run by warehouse."""


class Assortment(msgspec.Struct, frozen=True):
    """Every item that is stocked."""

    currency: str
    """ISO 4217 code of all prices."""
    items: Mapping[str, Item]
    """Items by SKU, in the order of their SKUs."""

    def stock_of(self, warehouse: str) -> dict[str, int]:
        """Units at the start of the run in one warehouse, by SKU."""
        return {sku: item.stock.get(warehouse, 0) for sku, item in self.items.items()}

    def units(self, sku: str) -> int:
        """Units at the start of the run in the whole network; 0 for an unknown SKU."""
        item = self.items.get(sku)
        return sum(item.stock.values()) if item else 0
