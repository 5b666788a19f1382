"""The business events of the order-to-cash flow: the one table of their names; there are no others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Emitter(StrEnum):
    """Whose ledger an event stands in."""

    CHANNEL = "channel"
    INTEGRATION = "integration"
    ERP = "erp"
    WAREHOUSE = "warehouse"
    CARRIER = "carrier"
    DESK = "desk"


class EventType(NamedTuple):
    """What one event means, and who writes it."""

    name: str
    """Dotted, past tense: subject.happened."""
    emitter: Emitter
    """Kind of ledger it stands in."""
    meaning: str
    """One line in the words of the trade."""


class Event(StrEnum):
    """The names of all business events; each member is the plain name, so it can be written as it stands."""

    emitter: Emitter
    meaning: str

    def __new__(cls, name: str, emitter: Emitter, meaning: str) -> Event:
        """A member is its name, and knows its ledger and its meaning."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.emitter = emitter
        member.meaning = meaning
        return member

    # the order, from the shopper to the books
    ORDER_PLACED = "order.placed", Emitter.CHANNEL, "a shopper or buyer placed an order"
    ORDER_ACKNOWLEDGED = "order.acknowledged", Emitter.CHANNEL, "the channel was told that the order has been taken on"
    ORDER_PROMISED = "order.promised", Emitter.CHANNEL, "the channel shows a promise date, the first or a new one"
    ORDER_CAPTURED = "order.captured", Emitter.INTEGRATION, "the integration took the order into its own store"
    ORDER_NORMALISED = "order.normalised", Emitter.INTEGRATION, "the order was brought into the canonical form"
    ORDER_VALIDATED = "order.validated", Emitter.INTEGRATION, "customer, items and prices were found good in the ERP"
    ORDER_REJECTED = (
        "order.rejected",
        Emitter.INTEGRATION,
        "the order cannot be taken on: unknown item, customer, price",
    )
    ORDER_ENTERED = "order.entered", Emitter.ERP, "the ERP holds a sales order for it"
    ORDER_RELEASED = "order.released", Emitter.INTEGRATION, "the order, or a part of it, was released to a warehouse"
    ORDER_BACKORDERED = "order.backordered", Emitter.ERP, "no warehouse can ship it now; it waits for stock"
    ORDER_CANCELLED = "order.cancelled", Emitter.ERP, "the sales order was cancelled before anything was shipped"
    ORDER_CLOSED = "order.closed", Emitter.ERP, "every line was shipped and invoiced or cancelled"
    ORDER_SETTLED = (
        "order.settled",
        Emitter.ERP,
        "everything owed for the order was invoiced, paid, credited or refunded",
    )

    # a change of mind
    CANCELLATION_REQUESTED = "cancellation.requested", Emitter.CHANNEL, "the shopper asked to cancel"
    CANCELLATION_ACCEPTED = "cancellation.accepted", Emitter.CHANNEL, "the shopper was told that the order is cancelled"
    CANCELLATION_REFUSED = "cancellation.refused", Emitter.CHANNEL, "the shopper was told that it is too late to cancel"

    # in the warehouse
    FULFILMENT_ACCEPTED = "fulfilment.accepted", Emitter.WAREHOUSE, "the warehouse took the release on"
    FULFILMENT_REJECTED = "fulfilment.rejected", Emitter.WAREHOUSE, "the warehouse will not fulfil the release"
    FULFILMENT_ALLOCATED = "fulfilment.allocated", Emitter.WAREHOUSE, "stock was reserved for the release"
    FULFILMENT_PICKED = "fulfilment.picked", Emitter.WAREHOUSE, "the goods were taken from the shelves"
    FULFILMENT_PACKED = "fulfilment.packed", Emitter.WAREHOUSE, "the goods are in a parcel that waits for its label"
    FULFILMENT_SHORTED = "fulfilment.shorted", Emitter.WAREHOUSE, "fewer units were on the shelf than released"
    FULFILMENT_CANCELLED = "fulfilment.cancelled", Emitter.WAREHOUSE, "the release was stopped before it was shipped"

    # on its way
    LABEL_PURCHASED = "label.purchased", Emitter.CARRIER, "a label was sold for a parcel"
    LABEL_VOIDED = "label.voided", Emitter.CARRIER, "a label was taken back unused"
    SHIPMENT_DISPATCHED = "shipment.dispatched", Emitter.WAREHOUSE, "the parcel left the dock"
    SHIPMENT_CONFIRMED = "shipment.confirmed", Emitter.CHANNEL, "the channel was told of the shipment"
    SHIPMENT_POSTED = "shipment.posted", Emitter.ERP, "the shipment was booked out of the ERP's stock"
    SHIPMENT_LABELLED = "shipment.label_created", Emitter.CARRIER, "the carrier knows of the parcel and waits for it"
    SHIPMENT_PICKED_UP = "shipment.picked_up", Emitter.CARRIER, "the carrier has the parcel"
    SHIPMENT_IN_TRANSIT = "shipment.in_transit", Emitter.CARRIER, "the parcel is between depots"
    SHIPMENT_OUT_FOR_DELIVERY = "shipment.out_for_delivery", Emitter.CARRIER, "the parcel is on the van"
    SHIPMENT_DELIVERED = "shipment.delivered", Emitter.CARRIER, "the parcel was handed over"
    SHIPMENT_EXCEPTED = "shipment.excepted", Emitter.CARRIER, "the parcel met an obstacle: address, damage, nobody home"
    SHIPMENT_RETURNED_TO_SENDER = "shipment.returned_to_sender", Emitter.CARRIER, "the parcel came back undelivered"

    # money
    INVOICE_POSTED = "invoice.posted", Emitter.ERP, "an invoice was posted to the ledger"
    PAYMENT_RECEIVED = "payment.received", Emitter.ERP, "the invoice was paid"
    CREDIT_POSTED = "credit.posted", Emitter.ERP, "a credit memo was posted to the ledger"
    REFUND_ISSUED = "refund.issued", Emitter.CHANNEL, "the shopper got money back"

    # coming back
    RETURN_REQUESTED = "return.requested", Emitter.CHANNEL, "the shopper asked to send goods back"
    RETURN_AUTHORISED = "return.authorised", Emitter.ERP, "a return was authorised under an RMA number"
    RETURN_SHIPPED = "return.shipped", Emitter.CHANNEL, "the shopper handed the goods to a carrier"
    RETURN_RECEIVED = "return.received", Emitter.WAREHOUSE, "the returned goods arrived at the dock"
    RETURN_REFUSED = "return.refused", Emitter.ERP, "the return was not granted"
    STOCK_RESTOCKED = "stock.restocked", Emitter.WAREHOUSE, "returned goods are back on the shelf"
    STOCK_SCRAPPED = "stock.scrapped", Emitter.WAREHOUSE, "returned goods were too damaged to be sold again"

    # stock
    INVENTORY_RECEIVED = "inventory.received", Emitter.WAREHOUSE, "a supplier's delivery was put on the shelves"
    INVENTORY_ADJUSTED = "inventory.adjusted", Emitter.WAREHOUSE, "the warehouse corrected its level of a SKU"
    INVENTORY_COUNTED = "inventory.counted", Emitter.WAREHOUSE, "a cycle count compared shelf and record"
    INVENTORY_SHRUNK = "inventory.shrunk", Emitter.WAREHOUSE, "units went missing without anybody noticing yet"
    INVENTORY_POSTED = "inventory.posted", Emitter.ERP, "the ERP's stock book took over a change from a warehouse"
    INVENTORY_SYNCHRONISED = (
        "inventory.synchronised",
        Emitter.INTEGRATION,
        "one SKU's level was carried to all who sell it",
    )
    LISTING_UPDATED = "listing.updated", Emitter.CHANNEL, "the quantity that a channel offers for sale changed"
    SALE_LOST = "sale.lost", Emitter.CHANNEL, "a shopper went away because the listing showed too little"
    SALE_OVERSOLD = "sale.oversold", Emitter.CHANNEL, "a channel sold units that no warehouse had"

    # people
    CUSTOMER_NOTIFIED = "customer.notified", Emitter.DESK, "a message went to the customer"
    SERVICE_NOTIFIED = "service.notified", Emitter.DESK, "customer service was told"
    EXCEPTION_OPENED = "exception.opened", Emitter.ERP, "a case for a business team was opened"
    EXCEPTION_CLOSED = "exception.closed", Emitter.ERP, "a case of a business team was closed"
    RECONCILIATION_COMPLETED = "reconciliation.completed", Emitter.INTEGRATION, "two books were compared and mended"


EVENTS: Final[Mapping[str, EventType]] = MappingProxyType(
    {event.value: EventType(event.value, event.emitter, event.meaning) for event in Event}
)
"""Every event by its name."""
