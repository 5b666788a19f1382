"""The shopper's side of the channels: a shop that takes orders and wishes, and tells what has been delivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.orders import ChannelOrder, Units
from seatrial.mocks.messages.shop import (
    CancellationWanted,
    OrderPlaced,
    PlaceOrder,
    ReturnWanted,
    Stray,
    WantCancellation,
    WantReturn,
)
from seatrial.mocks.places import warehouses_of
from seatrial.mocks.purchases import Habits
from seatrial.mocks.whims import Whims
from seatrial.mocks.wire.doorstep import Doorstep, whole
from seatrial.mocks.wire.recollection import Recollection
from seatrial.sim.cargo import CUSTOMERS, Cargo, Goods, Parcel, ReturnedGoods
from seatrial.sim.envelopes import UNREADABLE, refusal_of
from seatrial.sim.errors import HarnessError, Rejected
from seatrial.sim.partner import Ground
from seatrial.sim.waits import after

_PAGE: Final = 50
"""Listings that a shopper sees at once, where the query says nothing."""
_ORDER: Final = msgspec.json.Decoder(PlaceOrder)
_CANCELLATION: Final = msgspec.json.Decoder(WantCancellation)
_RETURN: Final = msgspec.json.Decoder(WantReturn)
_STRAY: Final = msgspec.json.Decoder(Stray)
_encode: Final = msgspec.json.Encoder().encode
_T = TypeVar("_T")
Handler = Callable[[Channel, Mapping[str, str], bytes], bytes]


class Shop:
    """All channels of a world as their shoppers meet them. Nothing here is faulted, slowed down or written as a call.

    An order, a return wish or a stray parcel that comes again under its number is answered as it was before: whoever
    lost a connection may simply repeat. Goods of a return that was granted travel to their warehouse.

    Whoever calls from outside lets the clock catch up before, and arms it afterwards.
    """

    def __init__(self, ground: Ground, channels: Mapping[str, Channel], habits: Habits) -> None:
        self._env = ground.env
        self._road = ground.road
        self._channels = channels
        self._whims = Whims(ground.dice, habits)
        self._warehouses = warehouses_of(ground.assortment)
        self._doorstep = Doorstep(channels)
        self._placed, self._wished, self._strays = Recollection(), Recollection(), Recollection()
        self._boxes: dict[str, tuple[Channel, Goods]] = {}
        self.bought = 0  # orders so far, for whoever watches the run
        self._routes: dict[tuple[str, str], Handler] = {
            ("POST", "/shop/orders"): self._place,
            ("GET", "/shop/listings"): self._browse,
            ("POST", "/shop/cancellations"): self._cancel,
            ("POST", "/shop/returns"): self._send_back,
            ("GET", "/shop/deliveries"): self._deliveries,
        }
        self._road.open(CUSTOMERS, self.unpack)
        for channel in channels.values():
            channel.shopper = self

    def handle(self, channel: str, method: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Answer a request to a channel's shop: status and JSON; what it refuses has the shape of a partner's refusal.

        Raises HarnessError for a channel that is not in the world.
        """
        if channel not in self._channels:
            raise HarnessError(f"no such channel: {channel!r} · known: {', '.join(sorted(self._channels))}")
        try:
            return 200, self._route(method, path)(self._channels[channel], query, body)
        except Rejected as refused:
            return refused.status, refusal_of(refused)

    def stray(self, body: bytes) -> tuple[int, bytes]:
        """Let goods turn up at a warehouse that nobody announced (`POST /strays` of the control port)."""
        try:
            return 200, self._turn_up(_read(_STRAY, body))
        except Rejected as refused:
            return refused.status, refusal_of(refused)

    # What the channels and the road know of their shoppers.

    def unpack(self, cargo: Cargo) -> None:
        """A parcel was delivered."""
        if not isinstance(cargo, Parcel):
            raise HarnessError(f"customers take no {type(cargo).__name__}")
        self._doorstep.leave(cargo, self._env.now)

    def order_cancelled(self, order_no: str) -> None:
        """Nothing will come: the shopper sees that from what is delivered."""
        self._doorstep.forget(order_no)

    def return_answered(self, rma_no: str, order_no: str, warehouse: str) -> None:
        """Send the goods off, or keep them where the return was not granted."""
        box = self._boxes.pop(rma_no, None)
        if box is not None and warehouse:
            box[0].return_shipped(rma_no)
            goods = ReturnedGoods(rma_no, order_no, box[1])
            after(self._env, self._whims.travel(rma_no), self._road.send, warehouse, goods)

    # The shoppers' requests.

    def _route(self, method: str, path: str) -> Handler:
        handler = self._routes.get((method, path))
        if handler is not None:
            return handler
        takes = [known for known, place in self._routes if place == path]
        if takes:
            raise Rejected("method_not_allowed", f"{path} takes {', '.join(takes)}, not {method}", status=405)
        known = ", ".join(f"{verb} {place}" for verb, place in self._routes)
        raise Rejected("unknown_route", f"the shop has nothing at {method} {path}; it knows {known}", status=404)

    def _place(self, channel: Channel, query: Mapping[str, str], body: bytes) -> bytes:
        wanted = _read(_ORDER, body)
        key = f"{channel.name}\n{wanted.order_no}"
        reply = self._placed.get(key)
        return reply if reply is not None else self._placed.keep(key, self._sell(channel, wanted))

    def _sell(self, channel: Channel, wanted: PlaceOrder) -> bytes:
        number = wanted.order_no
        _check_order(wanted)
        if self._doorstep.knows(number) or channel.orders.get(number) is not None:
            raise Rejected("order_exists", f"order {number} was placed before", status=409, pointer=number)
        order = ChannelOrder(number, channel.name, 0.0, wanted.customer, wanted.currency, wanted.lines, 0.0)
        sold = channel.place(order)
        if sold is not None:
            self.bought += 1
            self._doorstep.expect(number, channel.name)
        return _encode(OrderPlaced(sold))

    def _browse(self, channel: Channel, query: Mapping[str, str], body: bytes) -> bytes:
        return _encode(channel.listings.page(query.get("cursor", ""), whole(query, "limit", _PAGE)))

    def _cancel(self, channel: Channel, query: Mapping[str, str], body: bytes) -> bytes:
        number = _read(_CANCELLATION, body).order_no
        channel.orders.find(number)
        return _encode(CancellationWanted(channel.request_cancellation(number)))

    def _send_back(self, channel: Channel, query: Mapping[str, str], body: bytes) -> bytes:
        wanted = _read(_RETURN, body)
        key = f"{channel.name}\n{wanted.wish_no}" if wanted.wish_no else ""
        reply = self._wished.get(key) if key else None
        if reply is not None:
            return reply
        _check_units(wanted.lines)
        rma_no = channel.request_return(wanted.order_no, wanted.lines, wanted.reason)
        if not rma_no:
            raise Rejected("unknown_order", f"no order {wanted.order_no}", status=404)
        self._boxes[rma_no] = (channel, tuple((line.sku, line.quantity) for line in wanted.lines))
        reply = _encode(ReturnWanted(rma_no))
        return self._wished.keep(key, reply) if key else reply

    def _deliveries(self, channel: Channel, query: Mapping[str, str], body: bytes) -> bytes:
        return _encode(self._doorstep.arrivals(channel.name, whole(query, "after", 0)))

    def _turn_up(self, stray: Stray) -> bytes:
        if stray.warehouse not in self._warehouses:
            known = ", ".join(self._warehouses)
            raise Rejected("unknown_warehouse", f"no warehouse {stray.warehouse!r}; known: {known}", status=422)
        _check_units(tuple(Units(*line) for line in stray.goods))
        if stray.stray_no and self._strays.get(stray.stray_no) is not None:
            return b"{}"
        self._road.send(stray.warehouse, ReturnedGoods("", "", stray.goods))
        return self._strays.keep(stray.stray_no, b"{}") if stray.stray_no else b"{}"


def _read(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except UNREADABLE as error:
        raise Rejected("invalid_request", str(error), status=400) from error


def _check_order(wanted: PlaceOrder) -> None:
    skus = [line.sku for line in wanted.lines]
    if not wanted.order_no or not skus:
        raise Rejected("invalid_order", "an order needs a number and at least one line", status=422)
    if len(set(skus)) < len(skus):
        raise Rejected("invalid_order", "a SKU stands on one line of an order only", status=422)
    for line in wanted.lines:
        if line.quantity < 1 or line.unit_price < 0:
            what = f"{line.sku}: {line.quantity} units at {line.unit_price}; it takes 1 or more, at 0 or more"
            raise Rejected("invalid_order", what, status=422)


def _check_units(lines: tuple[Units, ...]) -> None:
    wrong = [f"{line.sku}: {line.quantity} units" for line in lines if line.quantity < 1]
    if wrong or not lines:
        raise Rejected("invalid_quantity", wrong[0] if wrong else "nothing would come back", status=422)
