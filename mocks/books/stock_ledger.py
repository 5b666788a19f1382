"""The stock of a warehouse as the world hears of it: every movement has a number and is told."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from seatrial.mocks.books.bin_stock import BinStock, Slot, WriteLevel
from seatrial.mocks.books.fulfilments import FulfilmentBook
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import MovementReason, StockMoved
from seatrial.sim.partner import Partner


class StockLedger:
    """Bins, what is promised of them, and the numbered movements of one warehouse."""

    def __init__(self, partner: Partner, book: FulfilmentBook) -> None:
        self._partner = partner
        self._book = book
        self.movements = 0
        self._level: WriteLevel = partial(partner.evidence.stock, partner.name)
        self.stock = BinStock(partner.ground.assortment.stock_of(partner.name), self._level)

    def open(self) -> None:
        """Write down what the run begins with."""
        for slot in self.stock:
            self._level("on_hand", slot.sku, slot.on_hand)

    def moved(self, moves: tuple[Units, ...], reason: MovementReason, order_no: str = "") -> None:
        """Number a movement that has happened, and tell it."""
        partner = self._partner
        self.movements += 1
        number = f"{partner.name}-M{self.movements}"
        body = StockMoved(number, partner.name, self.movements, moves, reason, order_no)
        partner.publish("inventory.adjusted", number, order_no, body)

    def vanish(self, slot: Slot, units: int) -> None:
        """Units are gone; the shelf knows, the system does not."""
        lost = self.stock.lose(slot, units)
        if lost:
            self._partner.happened("inventory.shrunk", slot.sku, "", lost)

    def compare(self, slots: Iterable[Slot], reason: MovementReason, order_no: str = "") -> None:
        """Somebody looks into bins: what is missing is written off, and told as one movement."""
        moves = tuple([Units(slot.sku, -self._write_off(slot)) for slot in slots if slot.missing])
        if moves:
            self.moved(moves, reason, order_no)

    def _write_off(self, slot: Slot) -> int:
        """Bring the record down to the shelf; the newest promises that it cannot keep are cut."""
        excess = slot.overpromised
        for line in self._book.holders(slot) if excess else ():
            cut = min(excess, line.allocated)
            line.allocated -= cut
            self.stock.free(slot, cut)
            excess -= cut
            if not excess:
                break
        missing = self.stock.correct(slot)
        self._partner.happened("inventory.adjusted", slot.sku, "", -missing)
        return missing
