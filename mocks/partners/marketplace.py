"""A marketplace: polled for changes, promises dispatch, and takes its time with listings."""

from __future__ import annotations

from seatrial.mocks.books.change_list import ChangeList
from seatrial.mocks.books.channel import Channel, ChannelSettings
from seatrial.mocks.books.listings import Older
from seatrial.mocks.messages.channel import ChangePage, ListChanges, SubmitListings
from seatrial.mocks.messages.orders import Change
from seatrial.sim.conduct import Conduct
from seatrial.sim.events import Event
from seatrial.sim.latency import Latency, Uniform, sampler
from seatrial.sim.operation import operation
from seatrial.sim.partner import Ground
from seatrial.sim.quantities import Seconds
from seatrial.sim.waits import after


class Marketplace(Channel):
    """A channel that never calls: it is asked for changes, which show up after the lag of its reads.

    Listing submissions are queued and applied each at its own time, so that one may overtake another.
    """

    kind = "marketplace"

    class Settings(ChannelSettings, frozen=True):
        """How this marketplace trades."""

        apply_after: Latency = Uniform(Seconds(120), Seconds(900))
        """Seconds from a listing submission until shoppers see it."""
        older_listings: Older = "ignore"
        """What becomes of a quantity that is older than the one listed: apply, ignore or refuse."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct, settings)
        self._apply_after = sampler(settings.apply_after, ground.dice, f"{name}.listings")
        self._changes = ChangeList(conduct.reads, settings.keep_changes)

    def tell(self, event: Event, key: str, change: Change) -> None:
        """Put the change on the list."""
        self._changes.add(change)

    def take_listings(self, submission_no: str, request: SubmitListings) -> None:
        """Queue the submission."""
        after(self.env, self._apply_after(submission_no), super().take_listings, submission_no, request)

    @operation("GET", "/changes")
    def list_changes(self, request: ListChanges) -> ChangePage:
        """Orders, cancellation wishes and return wishes after a cursor, or of a window of time."""
        return self._changes.page(request, self.env.now, self.visible_until)
