"""The stock book: what should lie in each warehouse, and how much of it is spoken for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from seatrial.sim.errors import Rejected


class StockBook:
    """On hand and allocated units by warehouse and SKU.

    A level may fall below zero: the book follows messages, and the one about the goods that came in may be late.
    Raises Rejected: 422 `unknown_warehouse`, 422 `unknown_item`.
    """

    def __init__(self, opening: Mapping[str, Mapping[str, int]]) -> None:
        self._levels = {warehouse: dict(levels) for warehouse, levels in opening.items()}
        self._allocated: dict[str, dict[str, int]] = {warehouse: {} for warehouse in opening}
        self._skus = sorted({sku: 0 for levels in opening.values() for sku in levels})
        self._before: dict[str, dict[str, tuple[float, int]]] = {warehouse: {} for warehouse in opening}

    @property
    def warehouses(self) -> tuple[str, ...]:
        """Names of the warehouses."""
        return tuple(self._levels)

    @property
    def skus(self) -> tuple[str, ...]:
        """Every SKU that has a place in the book, sorted."""
        return tuple(self._skus)

    def check(self, warehouse: str, skus: Iterable[str] = ()) -> None:
        """Whether the book has a place for them all."""
        levels = self._levels.get(warehouse)
        if levels is None:
            raise Rejected("unknown_warehouse", f"no warehouse {warehouse!r} · known: {', '.join(self._levels)}")
        for sku in skus:
            if sku not in levels:
                raise Rejected("unknown_item", f"no stocked item {sku!r} · {len(levels)} items are known")

    def change(self, warehouse: str, sku: str, units: int, now: float) -> int:
        """Add units, or take them away where negative; gives the new level."""
        levels = self._levels[warehouse]
        level = levels[sku]
        self._before[warehouse][sku] = (now, level)
        levels[sku] = level = level + units
        return level

    def allocate(self, warehouse: str, sku: str, units: int) -> None:
        """Set units apart for an order, or give them free where negative."""
        allocated = self._allocated[warehouse]
        allocated[sku] = allocated.get(sku, 0) + units

    def level(self, warehouse: str, sku: str, until: float = float("inf")) -> int:
        """Units on hand; in a copy that ends at second `until`, the level before a later change."""
        changed, before = self._before[warehouse].get(sku, (0.0, 0))
        return before if changed > until else self._levels[warehouse][sku]

    def allocated(self, warehouse: str, sku: str) -> int:
        """Units that are set apart."""
        return self._allocated[warehouse].get(sku, 0)

    def page(self, warehouse: str, after: str, limit: int, until: float) -> list[tuple[str, int]]:
        """SKUs and levels behind a SKU, in their order."""
        self.check(warehouse)
        first = bisect_right(self._skus, after) if after else 0
        return [(sku, self.level(warehouse, sku, until)) for sku in self._skus[first : first + limit]]
