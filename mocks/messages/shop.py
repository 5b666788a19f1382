"""What shoppers and a channel's shop say to each other over HTTP."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine, Units
from seatrial.sim.cargo import Goods


class PlaceOrder(msgspec.Struct, frozen=True):
    """A shopper buys."""

    order_no: str
    """Order number, chosen by the shopper: the same number again is the same order."""
    customer: Customer
    """Who buys."""
    currency: str
    """ISO 4217 code."""
    lines: tuple[OrderLine, ...]
    """What is bought; each line is sold up to its listing."""


class OrderPlaced(msgspec.Struct, frozen=True):
    """What became of it."""

    order: ChannelOrder | None
    """The order as the channel took it; null: nothing of it was on offer."""


class WantCancellation(msgspec.Struct, frozen=True):
    """A shopper wants out."""

    order_no: str
    """Order number."""


class CancellationWanted(msgspec.Struct, frozen=True):
    """Whether the shop takes that wish."""

    accepted: bool
    """False: it was shipped, cancelled or asked for before."""


class WantReturn(msgspec.Struct, frozen=True):
    """A shopper wants to send goods back."""

    order_no: str
    """Order number."""
    lines: tuple[Units, ...]
    """What will come back."""
    reason: str = ""
    """Why."""
    wish_no: str = ""
    """The shopper's own number of this wish: the same number again is the same wish; empty: a new one."""


class ReturnWanted(msgspec.Struct, frozen=True):
    """The shop has noted it."""

    rma_no: str
    """Return number; empty: the shop does not know the order any more."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A parcel that reached its customer."""

    number: int
    """Number of the arrival at this channel: one more than the one before."""
    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    goods: Goods
    """What was in it."""
    at: float
    """Second of the run at which it came."""


class Arrivals(msgspec.Struct, frozen=True):
    """Parcels that reached their customers, oldest first."""

    deliveries: tuple[Arrival, ...]
    """Those after a number, as many as stand on a page."""
    last: int
    """Number to ask after next time."""


class Stray(msgspec.Struct, frozen=True):
    """Goods that turn up although nobody announced them."""

    warehouse: str
    """Where."""
    goods: Goods
    """What is in the parcel."""
    stray_no: str = ""
    """The sender's own number: the same number again is the same parcel; empty: a new one."""
