"""What can be asked of a sales channel."""

from __future__ import annotations

from math import inf
from typing import Literal

import msgspec

from seatrial.mocks.messages.orders import Change, Units
from seatrial.sim.operation import Request


class ChangePage(msgspec.Struct, frozen=True, gc=False):
    """A page of changes, oldest first."""

    changes: tuple[Change, ...] = ()
    """The changes."""
    cursor: str = ""
    """Where the next page begins; give it back unread. Never empty, unless the body was not a page at all."""
    more: bool = False
    """Whether there is another page now."""


class ListChanges(Request[ChangePage], frozen=True):
    """Changes after a cursor."""

    cursor: str = ""
    """Where to begin; empty: with the oldest that is kept."""
    limit: int = 100
    """Changes on a page, at most."""
    changed_after: float = -1.0
    """With `changed_before`: begin of a window, second of the run; the window does not include it."""
    changed_before: float = inf
    """End of a window, second of the run, included: all changes between, on one page, as far as they show by then."""


class Batch(msgspec.Struct, frozen=True, gc=False):
    """A batch file of changes."""

    batch_no: str
    """Its number; empty: no batch after the one asked about."""
    control_no: int
    """Interchange control number, rising by one."""
    changes: tuple[Change, ...] = ()
    """What it holds."""


class FetchBatch(Request[Batch], frozen=True):
    """The first batch after a given one."""

    after: str = ""
    """Number of the last batch that was processed; empty: from the first."""


class BatchTaken(msgspec.Struct, frozen=True, gc=False):
    """The partner knows that its batch was read."""

    batch_no: str
    """Number of the batch."""


class AcknowledgeBatch(Request[BatchTaken], frozen=True):
    """Functional acknowledgement of a batch: it was read, which says nothing about its orders."""

    batch_no: str
    """Number of the batch."""


class OrderAcknowledged(msgspec.Struct, frozen=True, gc=False):
    """The channel knows that its order was taken."""

    order_no: str
    """Order number."""


class AcknowledgeOrder(Request[OrderAcknowledged], frozen=True):
    """Tell the channel that its order was taken."""

    order_no: str
    """Order number."""


class ShipmentConfirmed(msgspec.Struct, frozen=True, gc=False):
    """The channel has told the shopper that a parcel is on its way."""

    id: str
    """Number of the confirmation."""


class ConfirmShipment(Request[ShipmentConfirmed], frozen=True):
    """Tell the channel that a parcel is on its way."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number: one confirmation a parcel."""
    carrier: str
    """Carrier that has it."""
    tracking_no: str
    """The carrier's number to follow it by."""
    lines: tuple[Units, ...]
    """What is in it."""


class PromiseChanged(msgspec.Struct, frozen=True, gc=False):
    """The channel shows a new promise date."""

    order_no: str
    """Order number."""
    ship_by: float
    """Second of the run."""


class ChangePromise(Request[PromiseChanged], frozen=True):
    """Give the channel a new promise date for a back-order."""

    order_no: str
    """Order number."""
    ship_by: float
    """Second of the run until which the rest is promised to leave."""


class CancellationAnswered(msgspec.Struct, frozen=True, gc=False):
    """The channel has told the shopper whether the order is cancelled."""

    order_no: str
    """Order number."""


class AnswerCancellation(Request[CancellationAnswered], frozen=True):
    """Accept or refuse a shopper's wish to cancel, or cancel an order that cannot be filled."""

    order_no: str
    """Order number."""
    cancelled: bool
    """Whether the order is cancelled."""
    reason: str
    """Why."""


class ReturnAnswered(msgspec.Struct, frozen=True, gc=False):
    """The shopper knows where to send the goods."""

    rma_no: str
    """Return number."""


class AnswerReturn(Request[ReturnAnswered], frozen=True):
    """Authorise a return on the channel: the shopper then sends the goods to a warehouse."""

    order_no: str
    """Order number."""
    rma_no: str
    """Return number."""
    warehouse: str
    """Where to send them; empty: the return is not granted."""


class Refunded(msgspec.Struct, frozen=True, gc=False):
    """The shopper has the money back."""

    id: str
    """Number of the refund."""
    amount: int
    """Minor units of the order's currency."""


class RefundOrder(Request[Refunded], frozen=True):
    """Give money back to the shopper."""

    order_no: str
    """Order number."""
    refund_no: str
    """Business key: one refund a return or cancellation."""
    amount: int
    """Minor units of the order's currency, above zero."""
    reason: str
    """Why."""


class ListingUpdate(msgspec.Struct, frozen=True, gc=False):
    """How many units of a SKU a channel may sell from now on."""

    sku: str
    """Stock keeping unit."""
    quantity: int
    """Units, zero or above."""


class ListingsTaken(msgspec.Struct, frozen=True, gc=False):
    """The channel took listing quantities; a marketplace applies them later."""

    submission_no: str
    """Number of the submission."""
    accepted: int
    """SKUs taken."""


class SubmitListings(Request[ListingsTaken], frozen=True):
    """Set listing quantities."""

    sequence: int
    """Rising number of the sender: an older one does not overwrite a newer one where the channel guards the order."""
    updates: tuple[ListingUpdate, ...]
    """SKUs and their new quantities."""


class ListingPage(msgspec.Struct, frozen=True, gc=False):
    """A page of listings, by SKU."""

    listings: tuple[ListingUpdate, ...] = ()
    """SKUs and their quantities as shoppers see them."""
    cursor: str = ""
    """Where the next page begins; empty: there is none."""


class GetListings(Request[ListingPage], frozen=True):
    """Listings as shoppers see them, for reconciliation."""

    cursor: str = ""
    """Where to begin; empty: with the first."""
    limit: int = 500
    """Listings on a page, at most."""


class OrderState(msgspec.Struct, frozen=True, gc=False):
    """What the channel knows of an order."""

    order_no: str
    """Order number."""
    state: Literal["unknown", "placed", "acknowledged", "part_shipped", "shipped", "cancelled"]
    """Where it stands."""
    confirmed: tuple[str, ...] = ()
    """Parcels confirmed."""
    refunds: tuple[str, ...] = ()
    """Business keys of refunds given."""


class GetOrder(Request[OrderState], frozen=True):
    """What the channel knows of an order: the look-up before a repeated write."""

    order_no: str
    """Order number."""
