"""The documents of trade that partners exchange: orders, their lines, returns, and what changed about them."""

from __future__ import annotations

from typing import Literal

import msgspec


class Customer(msgspec.Struct, frozen=True, gc=False):
    """Who buys."""

    customer_no: str
    """The channel's number for this customer."""
    name: str
    """Full name."""
    email: str
    """Address for messages."""
    street: str
    """Street and number."""
    city: str
    """Town."""
    postcode: str
    """Postal code."""
    country: str
    """Country, as the channel writes it."""


class OrderLine(msgspec.Struct, frozen=True, gc=False):
    """So many units of one SKU at one price. A SKU stands on one line of an order only."""

    sku: str
    """Stock keeping unit."""
    quantity: int
    """Units, above zero."""
    unit_price: int
    """Price of a unit in minor units of the order's currency."""


class ChannelOrder(msgspec.Struct, frozen=True, gc=False):
    """An order as a channel took it."""

    order_no: str
    """The channel's order number: the business key of the whole flow."""
    channel: str
    """Name of the channel."""
    placed_at: float
    """Second of the run at which the shopper bought."""
    customer: Customer
    """Who bought."""
    currency: str
    """ISO 4217 code."""
    lines: tuple[OrderLine, ...]
    """What was bought."""
    ship_by: float
    """Second of the run until which the channel promised dispatch."""

    @property
    def total(self) -> int:
        """Sum of the lines in minor units."""
        return sum(line.quantity * line.unit_price for line in self.lines)


class Units(msgspec.Struct, frozen=True, gc=False):
    """So many units of a SKU."""

    sku: str
    """Stock keeping unit."""
    quantity: int
    """Units; a movement of stock may be negative."""


class ReturnRequest(msgspec.Struct, frozen=True, gc=False):
    """A shopper wants to send goods back."""

    rma_no: str
    """Return number given by the channel."""
    order_no: str
    """Order that the goods came with."""
    lines: tuple[Units, ...]
    """What comes back."""
    reason: str
    """Why."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """What a channel reports about an order: by page, webhook or batch, always in this shape."""

    change_no: str
    """Number of this change: the same on every delivery of it."""
    kind: Literal["placed", "cancellation_requested", "return_requested"]
    """What happened."""
    at: float
    """Second of the run at which it happened."""
    order_no: str
    """Order that it is about."""
    order: ChannelOrder | None = None
    """The order, when it was placed."""
    wanted_back: ReturnRequest | None = None
    """The return, when one was requested."""
