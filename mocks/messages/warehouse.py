"""What can be asked of a warehouse, and what it tells."""

from __future__ import annotations

from typing import Literal

import msgspec

from seatrial.mocks.messages.orders import Units
from seatrial.sim.operation import Request

ReleaseStage = Literal["unknown", "accepted", "allocated", "picking", "packed", "shipped", "rejected", "cancelled"]
"""Where a release stands in the warehouse."""
MovementReason = Literal["shipped", "received", "restocked", "shrunk", "counted"]
"""Why stock moved: a parcel left, a delivery was put away, returned goods are back on the shelf, a picker or a cycle
count found units missing."""


class ReleaseAccepted(msgspec.Struct, frozen=True, gc=False):
    """The warehouse will pick it."""

    id: str
    """The warehouse's number of the fulfilment."""


class ReleaseOrder(Request[ReleaseAccepted], frozen=True):
    """Give a warehouse an order, or a part of one, to ship. Rejected with `insufficient_stock` where it cannot."""

    release_no: str
    """The sender's number: the natural key of the release."""
    order_no: str
    """Order number."""
    lines: tuple[Units, ...]
    """What to ship."""
    country: str
    """Where to."""
    ship_by: float
    """Second of the run until which it should leave."""


class ReleaseState(msgspec.Struct, frozen=True, gc=False):
    """What the warehouse knows of a release."""

    id: str = ""
    """The warehouse's number; empty: it does not know the release."""
    stage: ReleaseStage = "unknown"
    """Where it stands."""
    parcel_no: str = ""
    """Its parcel, once packed."""
    packed: tuple[Units, ...] = ()
    """What is in the parcel: less than was asked for after a short pick."""
    short: tuple[Units, ...] = ()
    """What was asked for and not found."""
    carrier: str = ""
    """Carrier on its label."""
    tracking_no: str = ""
    """Tracking number on its label."""
    at: float = 0.0
    """Second of the run at which it reached this stage."""


class GetRelease(Request[ReleaseState], frozen=True):
    """Where a release stands: the look-up for a webhook that never came."""

    release_no: str
    """Release number."""
    order_no: str = ""
    """Order number."""


class ReleaseCancelled(msgspec.Struct, frozen=True, gc=False):
    """It will not ship."""

    release_no: str
    """Release number."""


class CancelRelease(Request[ReleaseCancelled], frozen=True):
    """Stop a release; rejected with `too_late` once it is labelled or shipped."""

    release_no: str
    """Release number."""
    order_no: str
    """Order number."""


class LabelAttached(msgspec.Struct, frozen=True, gc=False):
    """The parcel waits at the dock for its carrier."""

    parcel_no: str
    """Parcel number."""


class AttachLabel(Request[LabelAttached], frozen=True):
    """Send the label for a packed parcel."""

    release_no: str
    """Release number."""
    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    carrier: str
    """Carrier that will collect it."""
    tracking_no: str
    """The carrier's number."""


class StockLevel(msgspec.Struct, frozen=True, gc=False):
    """One SKU in one warehouse."""

    sku: str
    """Stock keeping unit."""
    on_hand: int
    """Units in the building that can be sold."""
    allocated: int
    """Units of these that are promised to releases."""


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """A page of the warehouse's stock, by SKU."""

    as_of: float = 0.0
    """Second of the run at which it was taken; pages of one snapshot share it."""
    sequence: int = 0
    """Number of the last stock movement that it includes."""
    levels: tuple[StockLevel, ...] = ()
    """The stock."""
    cursor: str = ""
    """Where the next page begins; empty: there is none."""


class GetSnapshot(Request[Snapshot], frozen=True):
    """What is in the building, for reconciliation."""

    cursor: str = ""
    """Where to begin; empty: take a new snapshot."""
    limit: int = 500
    """SKUs on a page, at most."""


class ReturnExpected(msgspec.Struct, frozen=True, gc=False):
    """The warehouse will know the goods when they come."""

    rma_no: str
    """Return number."""


class ExpectReturn(Request[ReturnExpected], frozen=True):
    """Announce a return to the warehouse."""

    rma_no: str
    """Return number."""
    order_no: str
    """Order number."""
    lines: tuple[Units, ...]
    """What comes back."""


class FulfilmentUpdate(msgspec.Struct, frozen=True, gc=False):
    """Webhook body: a release reached a new stage (events `fulfilment.packed`, `fulfilment.shorted` where nothing
    at all was found, `fulfilment.rejected`, `fulfilment.cancelled`, `shipment.dispatched`).
    """

    release_no: str
    """Release number."""
    order_no: str
    """Order number."""
    state: ReleaseState
    """Where it stands now."""


class StockMoved(msgspec.Struct, frozen=True, gc=False):
    """Webhook body: stock changed (event `inventory.adjusted`)."""

    movement_no: str
    """Number of the movement, unique in the network."""
    warehouse: str
    """Whose stock."""
    sequence: int
    """Counts the warehouse's movements, from 1, without gaps."""
    moves: tuple[Units, ...]
    """SKUs and units, negative for what left."""
    reason: MovementReason
    """Why."""
    order_no: str = ""
    """Order number, where there is one."""


class ReturnReceived(msgspec.Struct, frozen=True, gc=False):
    """Webhook body: returned goods were received (event `return.received`)."""

    rma_no: str
    """Return number on the parcel; empty: a blind return, or a parcel that could not be delivered."""
    order_no: str
    """Order number; empty for a blind return."""
    warehouse: str
    """Where."""
    lines: tuple[Units, ...]
    """What was in it."""
    restocked: tuple[Units, ...]
    """What of it can be sold again."""
