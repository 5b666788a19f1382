"""What the integration keeps about orders: one file an order, frozen, replaced as a whole."""

from __future__ import annotations

from typing import Literal

import msgspec

from seatrial.mocks.messages.orders import Change, ChannelOrder, Units

ORDERS = "orders"
"""Table of open orders."""
DONE = "done"
"""Table of the numbers of finished orders."""
INBOX = "inbox"
"""Table of messages: open ones in full, finished ones by number."""
RETURNS = "returns"
"""Table of open returns."""
DIRTY = "dirty"
"""Table of SKUs whose stock the channels do not know yet."""
DOUBTS = "doubts"
"""Table of labels that a carrier may have sold besides."""
CURSORS = "cursors"
"""Table of positions in the partners' lists."""


_OVER = frozenset({"delivered", "cancelled"})


class ReleaseFile(msgspec.Struct, frozen=True, gc=False):
    """A part of an order at one warehouse."""

    release_no: str
    """Release number."""
    warehouse: str
    """Name of the warehouse."""
    lines: tuple[Units, ...]
    """What it ships."""
    stage: Literal["released", "labelled", "shipped", "delivered", "cancelled"] = "released"
    """Where it stands, as far as the integration knows."""
    parcel_no: str = ""
    """Its parcel."""
    carrier: str = ""
    """Its carrier."""
    tracking_no: str = ""
    """The carrier's number."""
    booked: bool = False
    """Whether warehouse and ERP both know of it."""
    news_at: float = 0.0
    """Second of the run of the last news."""


class OrderFile(msgspec.Struct, frozen=True, gc=False):
    """An order from capture to delivery."""

    order: ChannelOrder
    """The order."""
    entered: bool = False
    """Whether the ERP has it."""
    refused: tuple[str, ...] = ()
    """SKUs that the ERP does not know; nobody ships them."""
    releases: tuple[ReleaseFile, ...] = ()
    """Its parts at warehouses, in the order of release."""
    waiting: tuple[Units, ...] = ()
    """Units that wait for stock."""
    stopped: bool = False
    """Whether it is being cancelled: all that is left is to tell everybody."""
    cancelled: bool = False
    """Whether it was cancelled."""

    @property
    def finished(self) -> bool:
        """Nothing more will happen to it by itself."""
        if self.cancelled:
            return True
        if not self.entered or self.waiting or not self.releases:
            return False
        for each in self.releases:
            if each.stage not in _OVER:
                return False
        return not self.unsourced

    @property
    def unsourced(self) -> tuple[Units, ...]:
        """Units that no warehouse was asked for yet and that do not wait for stock."""
        if not (self.releases or self.waiting or self.refused):
            return tuple([Units(line.sku, line.quantity) for line in self.order.lines])
        left = {line.sku: line.quantity for line in self.order.lines if line.sku not in self.refused}
        placed = [each.lines for each in self.releases if each.stage != "cancelled"]
        for units in (*placed, self.waiting):
            for unit in units:
                left[unit.sku] = left.get(unit.sku, 0) - unit.quantity
        return tuple([Units(sku, quantity) for sku, quantity in left.items() if quantity > 0])

    @property
    def unbooked(self) -> tuple[ReleaseFile, ...]:
        """Releases of which warehouse or ERP may not know yet."""
        return tuple([each for each in self.releases if not each.booked and each.stage != "cancelled"])

    def release(self, release_no: str) -> ReleaseFile | None:
        """The release with this number."""
        for each in self.releases:
            if each.release_no == release_no:
                return each
        return None

    def having(self, changed: ReleaseFile) -> OrderFile:
        """The same file with one release changed or added."""
        releases = list(self.releases)
        for place, each in enumerate(releases):
            if each.release_no == changed.release_no:
                releases[place] = changed
                break
        else:
            releases.append(changed)
        return msgspec.structs.replace(self, releases=tuple(releases))


class ReturnFile(msgspec.Struct, frozen=True, gc=False):
    """A return from authorisation to refund."""

    rma_no: str
    """Return number."""
    order_no: str
    """Order number."""
    channel: str
    """Channel that refunds."""


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """A label that a carrier may have sold for a parcel besides the one that it bears."""

    carrier: str
    """Name of the carrier."""
    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    at: float
    """Second of the run by which it would have been sold."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """Something that a partner told, by page, batch or webhook."""

    message_no: str
    """The same on every delivery."""
    topic: str
    """What it is about: a kind of change or the name of an event."""
    lane: str
    """What it must not overtake others about: an order, a warehouse's stock."""
    source: str
    """Partner that told; empty: the integration itself."""
    body: msgspec.Struct
    """The document."""
    at: float
    """Second of the run at which it happened: what a posting is dated with, the same on every delivery."""
    deliveries: int = 0
    """How often it was worked on in vain."""

    @classmethod
    def of_change(cls, change: Change, channel: str) -> Message:
        """A change that a channel reported, by page, batch or webhook."""
        return cls(change.change_no, change.kind, change.order_no, channel, change, change.at)

    @property
    def again(self) -> bool:
        """Whether a part of the work may be done: by an earlier delivery, or after the news that we had to ask for."""
        return self.deliveries > 0 or not self.source


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A number that is known."""


MARK = Mark()


class Position(msgspec.Struct, frozen=True, gc=False):
    """How far a list has been read."""

    cursor: str
    """The partner's cursor, or a number."""


class NotYet(Exception):
    """A message came before the one that it builds on."""
