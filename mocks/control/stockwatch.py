"""Stock under watch: the shelves, the ERP's book and the listings, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Callable

from seatrial.mocks.control.picture import Limits, Stock
from seatrial.sim.rows import Cells

Levels = dict[str, int]


class StockWatch:
    """Keeps the last level of every book, and works out gaps only for SKUs that moved. Gaps are those of the measures:
    `drift` and `staleness`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._shelves: dict[str, Levels] = {}  # on hand by warehouse
        self._promised: dict[str, Levels] = {}  # allocated by warehouse
        self._books: dict[str, Levels] = {}  # the ERP's by warehouse
        self._listings: dict[str, Levels] = {}  # by channel
        self._moved: dict[str, None] = {}
        self._gaps: dict[str, tuple[int, int]] = {}  # by SKU: units off in the ERP, units on offer too much
        self._wrong: dict[tuple[str, str], float] = {}  # channel and SKU to since when it offers too much
        self._drift = self._offered = self._unnoticed = 0
        self.handlers: dict[str, Callable[[Cells, int], None]] = {
            "inventory.shrunk": self._lost,
            "inventory.adjusted": self._lost,
        }

    def stock(self, cells: Cells, at: int) -> None:
        """A level changed."""
        book, place, sku = cells[at + 3], cells[at + 2], cells[at + 5]
        if book == "book":
            place, levels = cells[at + 11], self._books
        elif book in ("on_hand", "allocated", "listing"):
            levels = self._shelves if book == "on_hand" else self._promised if book == "allocated" else self._listings
        else:
            return
        levels.setdefault(place, {})[sku] = cells[at + 12]
        self._moved[sku] = None

    def read(self, now: float) -> Stock:
        """The gaps as they are."""
        for sku in self._moved:
            self._weigh(sku, now)
        self._moved.clear()
        limit = now - self._limits.listing
        overdue = sum(1 for since in self._wrong.values() if since < limit)
        oldest = max(0.0, now - min(self._wrong.values(), default=now))
        return Stock(self._drift, self._offered, len(self._wrong), overdue, oldest, max(0, self._unnoticed))

    def _lost(self, cells: Cells, at: int) -> None:
        """Units went missing, or somebody noticed: then the quantity is below zero."""
        self._unnoticed += cells[at + 12]

    def _weigh(self, sku: str, now: float) -> None:
        drift = available = 0
        for warehouse, shelf in self._shelves.items():
            level = shelf.get(sku, 0)
            drift += abs(level - self._books.get(warehouse, {}).get(sku, 0))
            available += level - self._promised.get(warehouse, {}).get(sku, 0)
        offered = sum(self._excess(channel, sku, available, now) for channel in self._listings)
        drift_before, offered_before = self._gaps.get(sku, (0, 0))
        self._gaps[sku] = (drift, offered)
        self._drift += drift - drift_before
        self._offered += offered - offered_before

    def _excess(self, channel: str, sku: str, available: int, now: float) -> int:
        excess = max(0, self._listings[channel].get(sku, 0) - available)
        if excess:
            self._wrong.setdefault((channel, sku), now)
        else:
            self._wrong.pop((channel, sku), None)
        return excess
