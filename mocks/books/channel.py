"""What every sales channel does: it sells what its listing says and keeps its shoppers informed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Protocol

import msgspec

from seatrial.mocks.books.channel_orders import OrderBook, ReturnOnOrder, SoldOrder
from seatrial.mocks.books.listings import Listings, Older
from seatrial.mocks.messages.channel import (
    AcknowledgeOrder,
    AnswerCancellation,
    AnswerReturn,
    CancellationAnswered,
    ChangePromise,
    ConfirmShipment,
    GetListings,
    GetOrder,
    ListingPage,
    ListingsTaken,
    OrderAcknowledged,
    OrderState,
    PromiseChanged,
    Refunded,
    RefundOrder,
    ReturnAnswered,
    ShipmentConfirmed,
    SubmitListings,
)
from seatrial.mocks.messages.orders import Change, ChannelOrder, OrderLine, ReturnRequest, Units
from seatrial.mocks.places import warehouses_of
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import Rejected
from seatrial.sim.events import Event
from seatrial.sim.operation import operation
from seatrial.sim.partner import Ground, Partner
from seatrial.sim.quantities import Seconds, Share

DAY = 86_400.0


class ChannelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all channels can be told."""

    listed: Share = Share(1)
    """Share of the network's stock that is listed when the run begins."""
    promise: Seconds = Seconds(2 * DAY)
    """Seconds from the sale until which dispatch is promised."""
    refund_guard: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    """Refunds are refused beyond so many times what the shopper paid; `inf` refuses none."""
    older_listings: Older = "apply"
    """What becomes of a quantity that is older than the one listed: apply, ignore or refuse."""
    keep: Seconds = Seconds(10 * DAY)
    """Seconds for which an order is known after nothing is left to ship."""
    keep_changes: Seconds = Seconds(DAY)
    """Seconds for which a change can be listed."""


class Shopper(Protocol):
    """Who buys at a channel, as the channel knows them."""

    def order_cancelled(self, order_no: str) -> None:
        """The channel says that nothing of the order will come."""
        ...

    def return_answered(self, rma_no: str, order_no: str, warehouse: str) -> None:
        """The channel says where to send the goods; an empty warehouse: nowhere."""
        ...


class Channel(Partner, ABC):
    """Base of the three kinds of channel: shopper's side, order book, listings and the operations they share.

    Orders: placed, acknowledged, part_shipped, shipped or cancelled. Operations raise Rejected: 404 `unknown_order`
    or `unknown_return`, 409 `order_cancelled` or `already_shipped`, 422 for amounts and quantities that make no sense.
    """

    role = "channel"

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: ChannelSettings) -> None:
        super().__init__(name, ground, conduct)
        self.orders = OrderBook(settings.keep, lambda: ground.env.now)
        self.listings = Listings(name, ground.evidence, settings.older_listings)
        self.shopper: Shopper | None = None
        self._listed = settings.listed
        self._promise = settings.promise
        self._refund_guard = settings.refund_guard
        self._warehouses = warehouses_of(ground.assortment)
        self._numbered = 0

    def start(self) -> None:
        """List what the network has when the run begins."""
        stock = self.ground.assortment
        self.listings.open({sku: int(stock.units(sku) * self._listed) for sku in stock.items})

    @property
    def pending(self) -> int:
        """Webhooks, orders and returns that are not done with."""
        return super().pending + self.orders.open

    # The shopper's side.

    @abstractmethod
    def tell(self, event: Event, key: str, change: Change) -> None:
        """Let the integration know of a change, in the way of this kind of channel."""

    def place(self, order: ChannelOrder) -> ChannelOrder | None:
        """Sell an order, each line up to its listing; None where nothing of it was on offer."""
        now, number = self.env.now, order.order_no
        lines = self._sell(number, order.lines)
        if not lines:
            return None
        sold = ChannelOrder(number, self.name, now, order.customer, order.currency, lines, now + self._promise)
        units, paid = sum([line.quantity for line in lines]), sold.total
        self.orders.enter(sold, units, paid)
        self.happened(Event.ORDER_PLACED, number, number, units, paid)
        self._promised(number, sold.ship_by)
        self.tell(Event.ORDER_PLACED, number, Change(f"{number}/placed", "placed", now, number, sold))
        return sold

    def request_cancellation(self, order_no: str) -> bool:
        """The shopper wants out; False where the shop offers that no more: shipped, cancelled or asked before."""
        sold = self.orders.get(order_no)
        if sold is None or sold.finished or sold.asked_out:
            return False
        sold.asked_out = True
        change = Change(f"{order_no}/cancellation", "cancellation_requested", self.env.now, order_no)
        self.happened(Event.CANCELLATION_REQUESTED, order_no, order_no, sold.open)
        self.tell(Event.CANCELLATION_REQUESTED, order_no, change)
        return True

    def request_return(self, order_no: str, lines: tuple[Units, ...], reason: str) -> str:
        """The shopper wants to send goods back; gives the return number, empty where the order is known no more."""
        sold = self.orders.get(order_no)
        if sold is None:
            return ""
        rma_no = self.orders.want_back(sold, order_no, lines)
        wish = ReturnRequest(rma_no, order_no, lines, reason)
        change = Change(rma_no, "return_requested", self.env.now, order_no, wanted_back=wish)
        self.happened(Event.RETURN_REQUESTED, rma_no, order_no, sum(line.quantity for line in lines))
        self.tell(Event.RETURN_REQUESTED, rma_no, change)
        return rma_no

    def return_shipped(self, rma_no: str) -> None:
        """The shopper handed the goods of an answered return to a carrier."""
        back = self.orders.close_return(rma_no)
        for line in back.lines:
            self.evidence.sale(self.name, "returned", line.sku, back.order_no, -line.quantity)
        self.happened(Event.RETURN_SHIPPED, rma_no, back.order_no, sum(line.quantity for line in back.lines))

    # The integration's side.

    @operation("POST", "/orders/{order_no}/acknowledgement", key="order_no", document="acknowledgement")
    def acknowledge_order(self, request: AcknowledgeOrder) -> OrderAcknowledged:
        """Take note that an order was taken on."""
        sold, number = self.orders.find(request.order_no), request.order_no
        if sold.state == "placed":
            sold.state = "acknowledged"
        self.committed("acknowledgement", number, number, number)
        self.happened(Event.ORDER_ACKNOWLEDGED, number, number)
        return OrderAcknowledged(number)

    @operation("POST", "/orders/{order_no}/shipments", key="parcel_no", document="shipment_confirmation")
    def confirm_shipment(self, request: ConfirmShipment) -> ShipmentConfirmed:
        """Tell the shopper that a parcel is on its way."""
        number, parcel = request.order_no, request.parcel_no
        sold = self.orders.find(number)
        if sold.state == "cancelled":
            raise Rejected("order_cancelled", f"order {number} was cancelled", status=409)
        units = sum([line.quantity for line in request.lines])
        self.orders.confirm(sold, number, parcel, request.lines)
        document = self._number("C")
        self.committed("shipment_confirmation", parcel, number, document, quantity=units)
        self.happened(Event.SHIPMENT_CONFIRMED, parcel, number, units)
        return ShipmentConfirmed(document)

    @operation("PUT", "/orders/{order_no}/promise", key="order_no")
    def change_promise(self, request: ChangePromise) -> PromiseChanged:
        """Show a new promise date."""
        self.orders.find(request.order_no)
        self._promised(request.order_no, request.ship_by)
        return PromiseChanged(request.order_no, request.ship_by)

    @operation("PUT", "/orders/{order_no}/cancellation", key="order_no")
    def answer_cancellation(self, request: AnswerCancellation) -> CancellationAnswered:
        """Cancel what has not been shipped of an order, or tell the shopper that it is too late."""
        number = request.order_no
        sold = self.orders.find(number)
        if sold.cancelled:
            return CancellationAnswered(number)
        if not request.cancelled:
            self.happened(Event.CANCELLATION_REFUSED, number, number)
        elif sold.finished:
            raise Rejected("already_shipped", f"order {number} was shipped", status=409)
        else:
            self._cancel(sold, number)
        return CancellationAnswered(number)

    @operation("PUT", "/orders/{order_no}/returns/{rma_no}", key="rma_no")
    def answer_return(self, request: AnswerReturn) -> ReturnAnswered:
        """Tell the shopper where to send the goods of a return, or that it is not granted."""
        back = self.orders.find_return(request.rma_no, request.order_no)
        if request.warehouse and request.warehouse not in self._warehouses:
            raise Rejected("unknown_warehouse", f"no warehouse {request.warehouse!r}", status=422)
        if back is not None and not back.answered:
            self._answer(back, request)
        return ReturnAnswered(request.rma_no)

    @operation("POST", "/orders/{order_no}/refunds", key="refund_no", document="refund")
    def refund_order(self, request: RefundOrder) -> Refunded:
        """Give money back to the shopper."""
        number, amount = request.order_no, request.amount
        sold = self.orders.find(number)
        if amount <= 0:
            raise Rejected("invalid_amount", f"a refund of {amount} minor units", status=422)
        if sold.refunded + amount > sold.paid * self._refund_guard:
            raise Rejected("over_refund", f"{sold.refunded} of {sold.paid} minor units are refunded", status=422)
        sold.refunded += amount
        sold.refunds = (*sold.refunds, request.refund_no)
        document = self._number("F")
        self.committed("refund", request.refund_no, number, document, amount=amount)
        self.happened(Event.REFUND_ISSUED, request.refund_no, number, amount=amount)
        return Refunded(document, amount)

    @operation("POST", "/listings")
    def submit_listings(self, request: SubmitListings) -> ListingsTaken:
        """Take listing quantities."""
        self.listings.check(request.sequence, request.updates)
        submission = self._number("L")
        self.take_listings(submission, request)
        return ListingsTaken(submission, len(request.updates))

    @operation("GET", "/listings")
    def get_listings(self, request: GetListings) -> ListingPage:
        """What shoppers see on offer."""
        return self.listings.page(request.cursor, request.limit)

    @operation("GET", "/orders/{order_no}", key="order_no")
    def get_order(self, request: GetOrder) -> OrderState:
        """What the channel knows of an order."""
        sold = self.orders.get(request.order_no)
        if sold is None:
            return OrderState(request.order_no, "unknown")
        return OrderState(request.order_no, sold.state, sold.parcels, sold.refunds)

    def take_listings(self, submission_no: str, request: SubmitListings) -> None:
        """Apply a submission: at once, unless the kind of channel takes its time."""
        count = self.listings.apply(request.sequence, request.updates)
        self.happened(Event.LISTING_UPDATED, submission_no, "", count)

    def _sell(self, order_no: str, wanted: tuple[OrderLine, ...]) -> tuple[OrderLine, ...]:
        lines: list[OrderLine] = []
        sell, sale, name = self.listings.sell, self.evidence.sale, self.name
        for line in wanted:
            sku, quantity = line.sku, line.quantity
            units = sell(sku, quantity)
            if units < quantity:
                self.happened(Event.SALE_LOST, sku, order_no, quantity - units)
            if units:
                sale(name, "placed", sku, order_no, units)
                lines.append(line if units == quantity else OrderLine(sku, units, line.unit_price))
        return tuple(lines)

    def _promised(self, order_no: str, ship_by: float) -> None:
        """The second of the run that is promised stands where documents have their id."""
        self.evidence.event(Event.ORDER_PROMISED, self.name, order_no, order_no, document_id=f"{ship_by:.0f}")

    def _cancel(self, sold: SoldOrder, order_no: str) -> None:
        units = amount = 0
        for line, paid in sold.remainder():
            self.evidence.sale(self.name, "cancelled", line.sku, order_no, -line.quantity)
            units, amount = units + line.quantity, amount + paid
        self.orders.cancel(sold, order_no)
        self.happened(Event.CANCELLATION_ACCEPTED, order_no, order_no, units, amount)
        if self.shopper is not None and not sold.parcels:
            self.shopper.order_cancelled(order_no)

    def _answer(self, back: ReturnOnOrder, request: AnswerReturn) -> None:
        back.answered = True
        if not request.warehouse:
            self.orders.close_return(request.rma_no)
        if self.shopper is not None:
            self.shopper.return_answered(request.rma_no, request.order_no, request.warehouse)

    def _number(self, letter: str) -> str:
        self._numbered += 1
        return f"{self.name}-{letter}{self._numbered}"
