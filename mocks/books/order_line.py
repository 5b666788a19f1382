"""A line of a sales order: how much of it is open, promised, shipped, invoiced and credited."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from seatrial.mocks.books.stock_book import StockBook
from seatrial.mocks.messages.orders import Units
from seatrial.sim.errors import Rejected


class Allocation(msgspec.Struct, array_like=True, gc=False):
    """Units of a line that a release holds in a warehouse."""

    release_no: str
    """Release number."""
    warehouse: str
    """Whose stock."""
    units: int
    """Units."""


class Line(msgspec.Struct, array_like=True, gc=False):
    """One line of a sales order; all but the price in units."""

    ordered: int
    """What was bought."""
    price: int
    """Minor units for one."""
    goods: bool
    """Whether a warehouse ships it; else it is a charge, invoiced with the first parcel."""
    shipped: int = 0
    """What left."""
    cancelled: int = 0
    """What will not leave any more."""
    invoiced: int = 0
    """What was invoiced, over all invoices."""
    credited: int = 0
    """What was credited, over all credit memos."""
    waiting: int = 0
    """What waits for stock."""
    held: list[Allocation] = []
    """Which releases hold its open units, oldest first."""

    @property
    def open(self) -> int:
        """Units that are neither shipped nor cancelled."""
        return self.ordered - self.shipped - self.cancelled

    def hold(self, sku: str, release: Allocation, stock: StockBook) -> None:
        """Give open units to a release, if need be from older ones."""
        if self.held:
            again = [older for older in self.held if older.release_no == release.release_no]
            for older in again:
                stock.allocate(older.warehouse, sku, -older.units)
                older.units = 0
            self._trim(sku, self.open - release.units, stock)
        self.held.append(release)
        stock.allocate(release.warehouse, sku, release.units)
        self._wait_less()

    def wait(self, sku: str, units: int, stock: StockBook) -> None:
        """Let open units wait for stock; no release holds them meanwhile."""
        self.waiting = units
        self._trim(sku, self.open - units, stock)

    def ship(self, sku: str, warehouse: str, units: int, stock: StockBook) -> None:
        """Take units off the line, and off the releases of the warehouse that they left."""
        self.shipped += units
        left = units
        for each in self.held:
            if each.warehouse == warehouse and left:
                used = each.units if each.units < left else left
                each.units -= used
                left -= used
                stock.allocate(warehouse, sku, -used)
        self._trim(sku, self.open, stock)
        self._wait_less()

    def cancel(self, sku: str, stock: StockBook) -> int:
        """Give up what is open; gives the units."""
        units = self.open
        self.cancelled += units
        self.waiting = 0
        self._trim(sku, 0, stock)
        return units

    def _wait_less(self) -> None:
        """Let no more wait than is open and held by nobody."""
        if self.waiting:
            self.waiting = min(self.waiting, self.open - sum(each.units for each in self.held))

    def _trim(self, sku: str, limit: int, stock: StockBook) -> None:
        """Free what releases hold beyond a limit, the oldest first."""
        held = self.held
        surplus = -limit
        for each in held:
            surplus += each.units
        for each in held:
            if surplus <= 0:
                break
            freed = min(surplus, each.units)
            each.units -= freed
            surplus -= freed
            stock.allocate(each.warehouse, sku, -freed)
        self.held = [each for each in held if each.units]


def tally(lines: Iterable[Units]) -> dict[str, int]:
    """Units by SKU. Raises Rejected 422 `bad_line` where there is none, or one without units."""
    wanted: dict[str, int] = {}
    for line in lines:
        if line.quantity <= 0:
            raise Rejected("bad_line", f"{line.quantity} x {line.sku} · units are above zero")
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    if not wanted:
        raise Rejected("bad_line", "no lines · give at least one")
    return wanted
