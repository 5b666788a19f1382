"""The book of sales orders: live ones by order number, finished ones packed small, old ones gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from seatrial.mocks.books.order_line import Line
from seatrial.mocks.books.sales_order import Parcel, SalesOrder, Wanted
from seatrial.sim.errors import Rejected

AT_HAND = 86_400.0
"""Seconds that a finished order stays unpacked: late repeats come soon. Packing loses nothing but when it came."""
BOX = 3_600.0
"""Seconds of packing whose orders leave together."""


class SalesOrders:
    """Sales orders by order number. One number may have several: the ERP does not look for duplicates.

    An order is finished once it is closed or cancelled. Raises Rejected: 404 `unknown_order`, 409 `not_shipped`, and
    what the orders themselves raise.
    """

    def __init__(self, keep: float) -> None:
        self.entered = 0
        self._keep = keep
        self._live: dict[str, list[SalesOrder]] = {}
        self._packed: dict[str, bytes] = {}
        self._finished: deque[tuple[float, str]] = deque()
        self._boxes: deque[tuple[float, list[str]]] = deque()
        self._pack = msgspec.msgpack.Encoder().encode
        self._unpack = msgspec.msgpack.Decoder(list[SalesOrder]).decode

    def enter(self, order_no: str, lines: dict[str, Line], now: float) -> SalesOrder:
        """Enter an order, and tidy up what has become old."""
        self._tidy(now)
        self.entered += 1
        order = SalesOrder(f"SO-{self.entered}", order_no, lines, now)
        if order_no in self._packed:
            self._take_out(order_no, now)
        self._live.setdefault(order_no, []).append(order)
        return order

    def under(self, order_no: str, now: float) -> list[SalesOrder]:
        """Every sales order with this number, oldest first; none: an empty list."""
        orders = self._live.get(order_no)
        if orders is None:
            return self._take_out(order_no, now) if order_no in self._packed else []
        return orders

    def known(self, order_no: str, now: float) -> list[SalesOrder]:
        """The live sales orders with this number, oldest first; where all are cancelled, these."""
        orders = self.under(order_no, now)
        if not orders:
            raise Rejected("unknown_order", f"no sales order with the number {order_no!r}", status=404)
        if len(orders) == 1:
            return orders
        return [order for order in orders if order.state != "cancelled"] or orders

    def choose(
        self, order_no: str, check: Callable[[SalesOrder, Wanted], None], wanted: Wanted, now: float
    ) -> SalesOrder:
        """The oldest live sales order that passes a check; where none does, raises what the oldest one raised."""
        orders = self.known(order_no, now)
        problems: list[Rejected] = []
        for order in orders:
            try:
                check(order, wanted)
            except Rejected as error:
                problems.append(error)
            else:
                return order
        raise problems[0]

    def parcels(self, order_no: str, parcel_no: str, now: float) -> list[tuple[SalesOrder, Parcel]]:
        """Posted shipments with this parcel number, and their sales orders; oldest first."""
        orders = self.known(order_no, now)
        found = [(order, each) for order in orders for each in order.parcels if each.parcel_no == parcel_no]
        if not found:
            text = f"parcel {parcel_no!r} of {order_no} has no posted shipment · post it first"
            raise Rejected("not_shipped", text, status=409)
        return found

    def finish(self, order: SalesOrder, now: float) -> None:
        """Note that an order is closed or cancelled: it will be packed, and later be forgotten."""
        self._finished.append((now + AT_HAND, order.order_no))

    def __len__(self) -> int:
        return len(self._live)

    @property
    def packed(self) -> int:
        """Finished orders that are kept small."""
        return len(self._packed)

    def _tidy(self, now: float) -> None:
        finished, boxes = self._finished, self._boxes
        while finished and finished[0][0] <= now:
            self._put_away(finished.popleft()[1], now)
        while boxes and boxes[0][0] <= now:
            for order_no in boxes.popleft()[1]:
                self._packed.pop(order_no, None)

    def _put_away(self, order_no: str, now: float) -> None:
        """Pack the orders of a number, unless one of them is not finished."""
        orders = self._live.get(order_no)
        if orders is None or any(order.state not in ("closed", "cancelled") for order in orders):
            return
        for order in orders:
            order.order_no, order.entered_at, order.ship_by = "", 0, 0
        self._packed[order_no] = self._pack(orders)
        del self._live[order_no]
        due = now - AT_HAND + self._keep
        if not self._boxes or self._boxes[-1][0] < due:
            self._boxes.append((due + BOX, []))
        self._boxes[-1][1].append(order_no)

    def _take_out(self, order_no: str, now: float) -> list[SalesOrder]:
        orders = self._live[order_no] = self._unpack(self._packed.pop(order_no))
        for order in orders:
            order.order_no = order_no
        self._finished.append((now + AT_HAND, order_no))
        return orders
