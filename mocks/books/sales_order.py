"""A sales order: the table of the states that it passes through, what may be done with it, and what was shipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from seatrial.mocks.books.order_line import Allocation, Line
from seatrial.mocks.books.stock_book import StockBook
from seatrial.sim.errors import Rejected

State = Literal["entered", "released", "backordered", "part_shipped", "shipped", "closed", "cancelled"]
"""Where a sales order stands."""
Act = Literal["release", "backorder", "ship", "complete", "invoice", "close", "cancel"]
"""What can be done with it; `complete` ships the last unit, `close` invoices the last parcel."""
MOVES: Final[Mapping[Act, Mapping[State, State]]] = {
    "release": {
        "entered": "released",
        "released": "released",
        "backordered": "released",
        "part_shipped": "part_shipped",
    },
    "backorder": {
        "entered": "backordered",
        "released": "backordered",
        "backordered": "backordered",
        "part_shipped": "part_shipped",
    },
    "ship": {"released": "part_shipped", "backordered": "part_shipped", "part_shipped": "part_shipped"},
    "complete": {"part_shipped": "shipped"},
    "invoice": {"part_shipped": "part_shipped", "shipped": "shipped", "closed": "closed"},
    "close": {"shipped": "closed"},
    "cancel": {"entered": "cancelled", "released": "cancelled", "backordered": "cancelled", "part_shipped": "shipped"},
}
"""From which state an act leads to which; what is not here is refused."""
DONE: Final = ("shipped", "closed")
"""States in which everything that is still wanted has left."""
Wanted = Mapping[str, int]
"""Units by SKU, above zero."""


class Bill(NamedTuple):
    """What an invoice or a credit memo comes to."""

    units: int
    """Units of goods."""
    goods: int
    """Minor units for goods."""
    charges: int
    """Minor units for carriage and other charges."""

    @property
    def amount(self) -> int:
        """Minor units."""
        return self.goods + self.charges


class Parcel(msgspec.Struct, array_like=True, gc=False):
    """A posted shipment."""

    shipment_no: str
    """The ERP's number of the shipment."""
    parcel_no: str
    """Parcel number; two shipments may carry the same."""
    goods: dict[str, int]
    """Units by SKU."""
    invoiced: bool = False
    """Whether it was invoiced."""
    delivered: bool = False
    """Whether the customer has it."""
    back: bool = False
    """Whether it came back undelivered."""


class SalesOrder(msgspec.Struct, array_like=True, gc=False):
    """One sales order. Acts follow `MOVES`; the checks before them raise while nothing is changed yet.

    Raises Rejected: 409 `wrong_state` and `already_cancelled`, and 422 with a code of its own for units beyond what is
    open or invoiced.
    """

    id: str
    """The ERP's number of the sales order."""
    order_no: str
    """The channel's order number."""
    lines: dict[str, Line]
    """Lines by SKU."""
    entered_at: float
    """Second of the run."""
    state: State = "entered"
    """Where it stands."""
    parcels: list[Parcel] = []
    """Posted shipments, oldest first."""
    ship_by: float = 0.0
    """Promise date of what waits, second of the run; 0: nothing was promised anew."""
    settled: bool = False
    """Whether all that is owed has changed hands."""

    @property
    def total(self) -> Bill:
        """What was ordered, charges included."""
        return self.priced({sku: line.ordered for sku, line in self.lines.items()})

    def check(self, act: Act) -> None:
        """Whether the state allows an act."""
        if self.state not in MOVES[act]:
            text = f"{act} of {self.order_no}: {self.id} is {self.state} · possible when {', '.join(MOVES[act])}"
            raise Rejected("wrong_state", text, status=409)

    def check_cancel(self) -> None:
        """Whether there is anything left to give up; who asks again learns that it has been done."""
        if self.state == "cancelled":
            text = f"{self.order_no}: {self.id} is cancelled already"
            raise Rejected("already_cancelled", text, status=409, pointer=self.id)
        self.check("cancel")

    def check_release(self, wanted: Wanted) -> None:
        """Whether a warehouse may be told to ship this."""
        self.check("release")
        self._check_open(wanted, "over_released")

    def check_backorder(self, wanted: Wanted) -> None:
        """Whether this can wait for stock."""
        self.check("backorder")
        self._check_open(wanted, "over_backordered")

    def check_shipment(self, wanted: Wanted) -> None:
        """Whether this may leave; once everything has left, anything is too much."""
        if self.state not in DONE:
            self.check("ship")
        self._check_open(wanted, "over_shipped")

    def check_credit(self, wanted: Wanted) -> None:
        """Whether this was invoiced and not credited yet."""
        self._check_invoiced(wanted, "over_credited")

    def check_return(self, wanted: Wanted) -> None:
        """Whether this was sold and not taken back yet."""
        self._check_invoiced(wanted, "over_returned")

    def release(self, release_no: str, warehouse: str, wanted: Wanted, stock: StockBook) -> None:
        """Set stock of a warehouse apart."""
        self._go("release")
        for sku, units in wanted.items():
            self.lines[sku].hold(sku, Allocation(release_no, warehouse, units), stock)

    def backorder(self, wanted: Wanted, ship_by: float, stock: StockBook) -> bool:
        """Let units wait; tells whether anything is new about it."""
        known = self.ship_by == ship_by and all(self.lines[sku].waiting == units for sku, units in wanted.items())
        self._go("backorder")
        self.ship_by = ship_by
        for sku, units in wanted.items():
            self.lines[sku].wait(sku, units, stock)
        return not known

    def ship(self, parcel: Parcel, warehouse: str, stock: StockBook) -> None:
        """Let a parcel go."""
        self._go("ship")
        self.parcels.append(parcel)
        lines = self.lines
        for sku, units in parcel.goods.items():
            lines[sku].ship(sku, warehouse, units, stock)
        for line in lines.values():
            if line.goods and line.ordered > line.shipped + line.cancelled:
                return
        self._go("complete")

    def invoice(self, parcel: Parcel) -> Bill:
        """Bill a parcel at the prices of the order, with the first one all charges."""
        self._go("invoice")
        parcel.invoiced = True
        count = goods = charges = 0
        lines = self.lines
        for sku, units in parcel.goods.items():
            line = lines[sku]
            line.invoiced += units
            count += units
            goods += units * line.price
        for line in lines.values():
            if not line.goods and not line.invoiced:
                line.invoiced = line.ordered
                charges += line.ordered * line.price
        return Bill(count, goods, charges)

    def credit(self, wanted: Wanted) -> Bill:
        """Take an invoice back in part, at its prices."""
        bill = self.priced(wanted)
        for sku, units in wanted.items():
            self.lines[sku].credited += units
        return bill

    def cancel(self, stock: StockBook) -> Bill:
        """Give up what has not shipped; gives what that is."""
        self._go("cancel")
        bill = self.priced({sku: line.open for sku, line in self.lines.items() if line.goods})
        for sku, line in self.lines.items():
            if line.goods:
                line.cancel(sku, stock)
        return bill

    def priced(self, wanted: Wanted) -> Bill:
        """What so many units cost in this order."""
        units = goods = charges = 0
        lines = self.lines
        for sku, count in wanted.items():
            line = lines[sku]
            if line.goods:
                units += count
                goods += count * line.price
            else:
                charges += count * line.price
        return Bill(units, goods, charges)

    def close(self) -> bool:
        """Close it if all that was shipped is invoiced; tells whether it did."""
        if self.state != "shipped":
            return False
        for parcel in self.parcels:
            if not parcel.invoiced:
                return False
        self._go("close")
        return True

    def settle(self) -> bool:
        """Settle it if every parcel reached its customer, or came back and was credited; tells whether it did."""
        if self.settled or self.state != "closed":
            return False
        for parcel in self.parcels:
            if not parcel.delivered and not (parcel.back and self._credited()):
                return False
        self.settled = True
        return True

    def _credited(self) -> bool:
        return any(line.credited for line in self.lines.values())

    def _go(self, act: Act) -> None:
        self.state = MOVES[act][self.state]

    def _check_open(self, wanted: Wanted, code: str) -> None:
        lines = self.lines
        for sku, units in wanted.items():
            line = lines.get(sku)
            room = line.ordered - line.shipped - line.cancelled if line is not None and line.goods else 0
            if units > room:
                raise Rejected(code, f"{self.order_no} ({self.id}): {units} x {sku} · {room} are open")

    def _check_invoiced(self, wanted: Wanted, code: str) -> None:
        for sku, units in wanted.items():
            line = self.lines.get(sku)
            if line is None:
                raise Rejected("not_sold", f"{self.order_no} ({self.id}): {sku} is not on the order")
            rest = line.invoiced - line.credited
            if units > rest:
                text = f"{units} x {sku} · {line.invoiced} were invoiced, {rest} of them not credited"
                raise Rejected(code, f"{self.order_no} ({self.id}): {text}")
