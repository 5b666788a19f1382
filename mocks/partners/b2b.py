"""A B2B portal: buyers' orders come as a batch file a day, with control numbers, and want to be acknowledged."""

from __future__ import annotations

from math import inf

import msgspec

from seatrial.mocks.books.channel import DAY, Channel, ChannelSettings
from seatrial.mocks.books.listings import Older
from seatrial.mocks.messages.channel import AcknowledgeBatch, Batch, BatchTaken, FetchBatch
from seatrial.mocks.messages.orders import Change
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.events import Event
from seatrial.sim.operation import operation
from seatrial.sim.partner import Ground
from seatrial.sim.quantities import Seconds
from seatrial.sim.waits import after


class _Filed(msgspec.Struct, gc=False):
    """A batch in the portal's outbox."""

    batch: Batch
    closed_at: float
    acknowledged: bool = False


class B2b(Channel):
    """A channel that closes a batch at a time of day and keeps it for collection. Batches: closed, acknowledged.

    A batch that nobody acknowledges in time is sent once more: a new batch number, the old control number, the same
    changes. The books show it as document `batch`, created and then replayed; what was read on time is document
    `functional_acknowledgement`. Raises Rejected: 404 `unknown_batch`; BadInput for settings that make no sense.
    """

    kind = "b2b"
    by_file = True

    class Settings(ChannelSettings, frozen=True):
        """How this portal trades."""

        closes_at: Seconds = Seconds(17 * 3600)
        """Time of day at which a batch closes, in seconds since midnight."""
        every: Seconds = Seconds(DAY)
        """Seconds from the close of a batch to that of the next."""
        acknowledge_within: Seconds = Seconds(DAY)
        """Seconds after which a batch that was not acknowledged is sent once more."""
        keep_batches: Seconds = Seconds(7 * DAY)
        """Seconds for which a batch can be fetched."""
        older_listings: Older = "ignore"
        """What becomes of a quantity that is older than the one listed: apply, ignore or refuse."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct, settings)
        if not 0 < settings.every < inf or not 0 <= settings.closes_at < DAY:
            value = f"every {settings.every:g} s, closes_at {settings.closes_at:g} s"
            raise BadInput("batches need a time of day to close and a time between them", value=value)
        self._settings = settings
        self._waiting: list[Change] = []
        self._filed: dict[int, _Filed] = {}
        self._batches = 0
        self._interchanges = 0

    def start(self) -> None:
        """List the stock and wait for the first close."""
        super().start()
        after(self.env, self.ground.day.next_at(self._settings.closes_at, self.env.now) - self.env.now, self._close)

    def tell(self, event: Event, key: str, change: Change) -> None:
        """Put the change into the batch that is open."""
        self._waiting.append(change)

    @operation("GET", "/batches/next")
    def fetch_batch(self, request: FetchBatch) -> Batch:
        """The first batch after a given one; one without a number where there is none yet."""
        behind = self._index(request.after) if request.after else 0
        for index, filed in self._filed.items():
            if index > behind and filed.closed_at <= self.visible_until:
                return filed.batch
        return Batch("", 0)

    @operation("POST", "/batches/{batch_no}/acknowledgement", key="batch_no", document="functional_acknowledgement")
    def acknowledge_batch(self, request: AcknowledgeBatch) -> BatchTaken:
        """Take note that a batch was read."""
        filed = self._filed.get(self._index(request.batch_no))
        if filed is None:
            raise Rejected("unknown_batch", f"no batch {request.batch_no}", status=404)
        for other in self._filed.values():
            other.acknowledged |= other.batch.control_no == filed.batch.control_no
        self.committed("functional_acknowledgement", request.batch_no, "", request.batch_no)
        return BatchTaken(request.batch_no)

    def _close(self) -> None:
        after(self.env, self._settings.every, self._close)
        self._prune()
        if self._waiting:
            self._interchanges += 1
            filed = self._file(self._interchanges, tuple(self._waiting))
            self._waiting = []
            number = filed.batch.batch_no
            self.committed("batch", number, "", number, quantity=len(filed.batch.changes))
            after(self.env, self._settings.acknowledge_within, self._chase, filed)

    def _chase(self, late: _Filed) -> None:
        """Nobody said that the batch was read: send it once more."""
        if late.acknowledged:
            return
        again = self._file(late.batch.control_no, late.batch.changes)
        units = len(again.batch.changes)
        key = late.batch.batch_no
        self.evidence.commit(self.name, "", "batch", key, "", "replayed", again.batch.batch_no, units)

    def _file(self, control_no: int, changes: tuple[Change, ...]) -> _Filed:
        self._batches += 1
        batch = Batch(f"{self.name}-B{self._batches}", control_no, changes)
        filed = self._filed[self._batches] = _Filed(batch, self.env.now)
        self.leave(batch.batch_no, batch)
        return filed

    def _prune(self) -> None:
        before = self.env.now - self._settings.keep_batches
        self._filed = {index: filed for index, filed in self._filed.items() if filed.closed_at > before}

    def _index(self, batch_no: str) -> int:
        index = batch_no.removeprefix(f"{self.name}-B")
        if not (index.isdecimal() and 0 < int(index) <= self._batches):
            raise Rejected("unknown_batch", f"no batch {batch_no}", status=404)
        return int(index)
