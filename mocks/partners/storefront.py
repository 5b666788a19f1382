"""A storefront: tells every change by webhook, shows listings at once, and can be listed to find what was missed."""

from __future__ import annotations

from seatrial.mocks.books.change_list import ChangeList
from seatrial.mocks.books.channel import Channel, ChannelSettings
from seatrial.mocks.messages.channel import ChangePage, ListChanges
from seatrial.mocks.messages.orders import Change
from seatrial.sim.conduct import Conduct
from seatrial.sim.events import Event
from seatrial.sim.operation import operation
from seatrial.sim.partner import Ground


class Storefront(Channel):
    """A channel that calls: order.placed, cancellation.requested and return.requested, each with the `Change` itself.

    The same changes can be listed, for reconciliation.
    """

    kind = "storefront"
    events = dict.fromkeys(
        (Event.ORDER_PLACED.value, Event.CANCELLATION_REQUESTED.value, Event.RETURN_REQUESTED.value), Change
    )

    class Settings(ChannelSettings, frozen=True):
        """How this storefront trades."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct, settings)
        self._changes = ChangeList(conduct.reads, settings.keep_changes)

    def tell(self, event: Event, key: str, change: Change) -> None:
        """Put the change on the list and send it."""
        self._changes.add(change)
        self.publish(event.value, key, change.order_no, change)

    @operation("GET", "/changes")
    def list_changes(self, request: ListChanges) -> ChangePage:
        """Orders, cancellation wishes and return wishes after a cursor, or of a window of time."""
        return self._changes.page(request, self.env.now, self.visible_until)
