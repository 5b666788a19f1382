"""What the integration believes about stock: available to promise by warehouse and SKU, and what channels may sell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import StockLevel

Plan = list[tuple[str, tuple[Units, ...]]]
"""Warehouses and what each is asked to ship."""


class StockView:
    """Available units = on hand less allocated, as far as known; `pending` units are sold and not yet released."""

    def __init__(self, warehouses: Sequence[str]) -> None:
        self._available: dict[str, dict[str, int]] = {name: {} for name in warehouses}
        self._pending: dict[str, int] = defaultdict(int)
        self.dirty: dict[str, None] = {}

    def set_levels(self, warehouse: str, levels: Iterable[StockLevel]) -> None:
        """Believe a snapshot."""
        rows = self._available[warehouse]
        for level in levels:
            available = level.on_hand - level.allocated
            if rows.get(level.sku) != available:
                rows[level.sku] = available
                self.dirty[level.sku] = None

    def change(self, warehouse: str, units: Iterable[Units], sign: int = 1) -> None:
        """Units became available (sign 1) or were taken (sign -1)."""
        rows = self._available[warehouse]
        for each in units:
            rows[each.sku] = rows.get(each.sku, 0) + sign * each.quantity
            self.dirty[each.sku] = None

    def nothing_left(self, warehouse: str, skus: Iterable[str]) -> None:
        """The warehouse says that it has none of these."""
        for sku in skus:
            self._available[warehouse][sku] = 0
            self.dirty[sku] = None

    def expect(self, units: Iterable[Units], sign: int = 1) -> None:
        """Units were sold and wait for their release (sign 1), or do not wait any more (sign -1)."""
        for each in units:
            self._pending[each.sku] += sign * each.quantity
            self.dirty[each.sku] = None

    def skus(self) -> list[str]:
        """Every SKU that is known, in the order of their names."""
        return sorted({sku for rows in self._available.values() for sku in rows})

    def promise(self, sku: str, reserved: bool) -> int:
        """Available to promise in the whole network; without `reserved`, captured orders are not counted."""
        total = -self._pending.get(sku, 0) if reserved else 0
        for rows in self._available.values():
            total += rows.get(sku, 0)
        return total if total > 0 else 0

    def plan(self, lines: Sequence[Units], skip: frozenset[str] = frozenset()) -> tuple[Plan, tuple[Units, ...]]:
        """Which warehouse ships what, and what nobody can ship.

        One warehouse for all where one can; else the one that can ship most lines takes these, the next one the rest.
        A line is split over warehouses only where no single one has enough of it.
        """
        plan: Plan = []
        rest = list(lines)
        names = [name for name in self._available if name not in skip]
        while rest and names:
            best = max(names, key=lambda name: self._fitness(name, rest))
            taken = self._can(best, rest)
            names.remove(best)
            if taken:
                plan.append((best, tuple(taken)))
                rest = [line for line in rest if line not in taken]
        return self._split(plan, rest, skip)

    def _split(self, plan: Plan, rest: Sequence[Units], skip: frozenset[str]) -> tuple[Plan, tuple[Units, ...]]:
        """Spread lines over warehouses that only together have enough."""
        waiting: list[Units] = []
        for line in rest:
            parts = self._parts(line, skip)
            if sum(part.quantity for _, part in parts) < line.quantity:
                waiting.append(line)
            else:
                plan += [(name, (part,)) for name, part in parts]
        return plan, tuple(waiting)

    def _parts(self, line: Units, skip: frozenset[str]) -> list[tuple[str, Units]]:
        left, parts = line.quantity, []
        for name, rows in self._available.items():
            units = min(left, max(0, rows.get(line.sku, 0)))
            if units and name not in skip:
                parts.append((name, Units(line.sku, units)))
                left -= units
        return parts

    def _fitness(self, warehouse: str, lines: Sequence[Units]) -> tuple[int, int]:
        """Lines that it can ship, then how much it has of them: so that the fuller warehouse ships first."""
        rows = self._available[warehouse]
        can = self._can(warehouse, lines)
        return len(can), sum([rows.get(line.sku, 0) for line in can])

    def _can(self, warehouse: str, lines: Iterable[Units]) -> list[Units]:
        rows = self._available[warehouse]
        return [line for line in lines if rows.get(line.sku, 0) >= line.quantity]
