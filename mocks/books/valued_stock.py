"""Valued stock: the stock book and its worth, which change together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from seatrial.mocks.books.general_ledger import Account, GeneralLedger
from seatrial.mocks.books.stock_book import StockBook

Tell = Callable[[str, str, int], None]
"""Told of every new level: warehouse, SKU, units."""


class ValuedStock:
    """Moves stock in the book and its standard cost in the ledger: inventory is always the book at standard cost."""

    def __init__(self, book: StockBook, ledger: GeneralLedger, costs: Mapping[str, int], tell: Tell) -> None:
        self.book = book
        self.ledger = ledger
        self._costs = costs
        self._tell = tell

    def open(self) -> None:
        """Take the opening stock into the ledger, and tell every level."""
        book, costs, worth = self.book, self._costs, 0
        for warehouse in book.warehouses:
            for sku in book.skus:
                level = book.level(warehouse, sku)
                worth += level * costs[sku]
                self._tell(warehouse, sku, level)
        self.ledger.post(Account.INVENTORY, Account.OPENING_STOCK, worth)

    def move(self, warehouse: str, moves: Iterable[tuple[str, int]], against: Account, now: float) -> int:
        """Add units, negative for what leaves, against an account; gives the number of the journal entry."""
        worth = 0
        change, costs, tell = self.book.change, self._costs, self._tell
        for sku, units in moves:
            if units:
                worth += units * costs[sku]
                tell(warehouse, sku, change(warehouse, sku, units, now))
        return self.ledger.post(Account.INVENTORY, against, worth)
