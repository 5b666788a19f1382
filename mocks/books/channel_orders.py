"""The order book of a sales channel: what was sold, what of it is on its way, what was paid and given back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from seatrial.mocks.messages.orders import ChannelOrder, Units
from seatrial.sim.errors import HarnessError, Rejected

State = Literal["placed", "acknowledged", "part_shipped", "shipped", "cancelled"]
"""Where a known order stands."""


class SoldOrder(msgspec.Struct, gc=False):
    """One order in the book; once nothing is left to ship, only keys and sums of it stay."""

    order: ChannelOrder | None
    """The order, until it is finished."""
    paid: int
    """What the shopper paid, minor units."""
    open: int
    """Units neither confirmed as shipped nor cancelled."""
    state: State = "placed"
    """Where it stands."""
    refunded: int = 0
    """What was given back, minor units."""
    asked_out: bool = False
    """Whether the shopper asked to cancel; a shop offers that once."""
    cancelled: bool = False
    """Whether what had not been shipped by then was cancelled."""
    sent: dict[str, int] | None = None
    """Units confirmed by SKU, where a part of the order has been shipped."""
    parcels: tuple[str, ...] = ()
    """Parcels confirmed."""
    refunds: tuple[str, ...] = ()
    """Business keys of refunds given."""
    returns: int = 0
    """Returns asked for, ever."""
    pending_returns: int = 0
    """Returns whose goods are not yet on their way back."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to ship."""
        return self.order is None

    def remainder(self) -> tuple[tuple[Units, int], ...]:
        """What is left to ship, line by line, with what the shopper paid for it in minor units."""
        lines, sent = (self.order.lines if self.order else ()), self.sent or {}
        left = ((line, line.quantity - sent.get(line.sku, 0)) for line in lines)
        return tuple((Units(line.sku, units), units * line.unit_price) for line, units in left if units > 0)


class ReturnOnOrder(msgspec.Struct, gc=False):
    """A return that a shopper asked for. States: asked, answered; forgotten when the goods leave or are not wanted."""

    order_no: str
    """Order that the goods came with."""
    lines: tuple[Units, ...]
    """What comes back."""
    answered: bool = False
    """Whether the shopper knows where to send it."""


class OrderBook:
    """Every order of a channel from its sale until at least `keep` seconds after nothing is left to ship or to return.

    An order that was shipped without further ado shrinks to a line in the archive; whoever asks for it brings it back.
    """

    def __init__(self, keep: float, clock: Callable[[], float]) -> None:
        self._keep = keep
        self._clock = clock
        self._orders: dict[str, SoldOrder] = {}
        self._returns: dict[str, ReturnOnOrder] = {}
        self._finished: deque[tuple[float, str]] = deque()
        self._archive: deque[tuple[float, dict[str, str]]] = deque()

    def __len__(self) -> int:
        return len(self._orders) + sum(len(drawer) for _, drawer in self._archive)

    @property
    def open(self) -> int:
        """Orders of which something is left to ship, and returns whose goods have not left."""
        return sum(1 for sold in self._orders.values() if not sold.finished) + len(self._returns)

    def get(self, order_no: str) -> SoldOrder | None:
        """The order, or None where the book does not know it, or not any more."""
        return self._orders.get(order_no) or self._unarchived(order_no)

    def find(self, order_no: str) -> SoldOrder:
        """The order. Raises Rejected (404 `unknown_order`)."""
        sold = self._orders.get(order_no) or self._unarchived(order_no)
        if sold is None:
            raise Rejected("unknown_order", f"no order {order_no}", status=404)
        return sold

    def enter(self, order: ChannelOrder, units: int, paid: int) -> None:
        """Enter a new order. Raises HarnessError for the number of an open one: shoppers never use one twice."""
        if order.order_no in self._orders:
            raise HarnessError(f"{order.channel} sold an order number twice: {order.order_no!r}")
        self._orders[order.order_no] = SoldOrder(order, paid, units)
        self._prune()

    def confirm(self, sold: SoldOrder, order_no: str, parcel_no: str, lines: tuple[Units, ...]) -> None:
        """Book a parcel as shipped; a parcel that was booked before changes nothing."""
        if parcel_no in sold.parcels:
            return
        sold.parcels = (*sold.parcels, parcel_no)
        if sold.finished:
            return
        sold.open -= sum([line.quantity for line in lines])
        if sold.open <= 0:
            self._finish(sold, order_no, "shipped")
            return
        sold.state = "part_shipped"
        sent = sold.sent = sold.sent or {}
        for line in lines:
            sent[line.sku] = sent.get(line.sku, 0) + line.quantity

    def cancel(self, sold: SoldOrder, order_no: str) -> None:
        """Book that what is left will not be shipped."""
        sold.cancelled = True
        self._finish(sold, order_no, "shipped" if sold.parcels else "cancelled")

    def want_back(self, sold: SoldOrder, order_no: str, lines: tuple[Units, ...]) -> str:
        """Enter a return; gives its number."""
        sold.returns += 1
        sold.pending_returns += 1
        rma_no = f"{order_no}/RMA{sold.returns}"
        self._returns[rma_no] = ReturnOnOrder(order_no, lines)
        return rma_no

    def find_return(self, rma_no: str, order_no: str) -> ReturnOnOrder | None:
        """A return that is not yet on its way, None for one that has left. Raises Rejected (404 `unknown_return`)."""
        sold, back = self.find(order_no), self._returns.get(rma_no)
        number = rma_no.removeprefix(f"{order_no}/RMA")
        if back is None and not (number.isdecimal() and 0 < int(number) <= sold.returns):
            raise Rejected("unknown_return", f"no return {rma_no} for order {order_no}", status=404)
        return back

    def close_return(self, rma_no: str) -> ReturnOnOrder:
        """The goods are on their way, or not wanted: the return leaves the book."""
        back = self._returns.pop(rma_no)
        self._orders[back.order_no].pending_returns -= 1
        return back

    def _finish(self, sold: SoldOrder, order_no: str, state: State) -> None:
        """Nothing is left to ship: keep the keys, drop the lines."""
        sold.state, sold.open, sold.order, sold.sent = state, 0, None, None
        if sold.cancelled or sold.refunds or sold.returns:
            self._finished.append((self._clock(), order_no))
            return
        del self._orders[order_no]
        self._drawer()[order_no] = "\n".join((str(sold.paid), *sold.parcels))

    def _drawer(self) -> dict[str, str]:
        """Where orders are archived now: ten drawers hold those of one `keep`."""
        archive, now = self._archive, self._clock()
        if not archive or archive[-1][0] + self._keep / 10 < now:
            archive.append((now, {}))
        return archive[-1][1]

    def _unarchived(self, order_no: str) -> SoldOrder | None:
        for _, drawer in reversed(self._archive):
            line = drawer.pop(order_no, None)
            if line is not None:
                paid, *parcels = line.split("\n")
                sold = self._orders[order_no] = SoldOrder(None, int(paid), 0, "shipped", parcels=tuple(parcels))
                self._finished.append((self._clock(), order_no))
                return sold
        return None

    def _prune(self) -> None:
        """Forget what was finished `keep` seconds ago and has no return under way."""
        finished, archive, now = self._finished, self._archive, self._clock()
        while archive and archive[0][0] + self._keep * 1.1 < now:
            archive.popleft()
        while finished and finished[0][0] + self._keep < now:
            order_no = finished.popleft()[1]
            if self._orders[order_no].pending_returns:
                finished.append((now, order_no))
            else:
                del self._orders[order_no]
