"""The warehouse's book of fulfilments: every release it took on, until some time after its end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from math import inf

import msgspec

from seatrial.mocks.books.bin_stock import Slot
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import ReleaseStage, ReleaseState

UNKNOWN = ReleaseState()


class PickLine(msgspec.Struct, eq=False, gc=False):
    """One SKU of a fulfilment."""

    slot: Slot
    """Where it lies."""
    wanted: int
    """Units that were released."""
    allocated: int
    """Units that it still holds: fewer after a count that found too little, or a short pick."""


class Fulfilment(msgspec.Struct, eq=False, gc=False):
    """One release in the warehouse's hands.

    States: allocated, picking, packed (first without, then with a label), and in the end shipped, cancelled or
    rejected. Moments are seconds of the run; what has not happened yet lies at infinity.
    """

    id: str
    """The warehouse's number of it."""
    release_no: str
    """The sender's number."""
    order_no: str
    """Order number."""
    lines: list[PickLine]
    """Its SKUs; none any more once it has ended."""
    units: int
    """Units that were released."""
    accepted_at: float
    """When it was taken on."""
    picking_at: float = inf
    """When a picker took it up."""
    packed_at: float = inf
    """When its parcel was closed."""
    labelled_at: float = inf
    """When its label was put on."""
    ended_at: float = inf
    """When it was shipped, cancelled or rejected."""
    outcome: ReleaseStage = "unknown"
    """Which of these."""
    picked: bool = False
    """Whether its units lie in a parcel, or on the way there."""
    parcel_no: str = ""
    """Number of its parcel."""
    carrier: str = ""
    """Carrier on its label."""
    tracking_no: str = ""
    """Tracking number on its label."""
    packed: tuple[Units, ...] = ()
    """What is in the parcel."""
    short: tuple[Units, ...] = ()
    """What was released and not found."""

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at == inf

    @property
    def labelled(self) -> bool:
        """Whether it waits for its carrier, or has left with it: too late to stop it."""
        return self.labelled_at != inf

    @property
    def packed_units(self) -> int:
        """Units in the parcel."""
        return sum([line.quantity for line in self.packed])

    def note_picked(self) -> None:
        """Take down what lies in the parcel, and what was not found."""
        self.packed = tuple([Units(line.slot.sku, line.allocated) for line in self.lines if line.allocated])
        self.short = tuple(
            [Units(line.slot.sku, line.wanted - line.allocated) for line in self.lines if line.allocated < line.wanted]
        )

    def state(self, at: float = inf) -> ReleaseState:
        """Where it stands, as far as it was known at a second of the run."""
        if self.ended_at != inf and self.ended_at <= at:
            return self._state(self.outcome, self.ended_at)
        if self.packed_at != inf and self.packed_at <= at:
            return self._state("packed", self.packed_at, labelled=self.labelled_at <= at)
        if self.picking_at != inf and self.picking_at <= at:
            return ReleaseState(self.id, "picking", at=self.picking_at)
        return ReleaseState(self.id, "allocated", at=self.accepted_at) if self.accepted_at <= at else UNKNOWN

    def _state(self, stage: ReleaseStage, at: float, labelled: bool = True) -> ReleaseState:
        carrier, tracking_no = (self.carrier, self.tracking_no) if labelled else ("", "")
        return ReleaseState(self.id, stage, self.parcel_no, self.packed, self.short, carrier, tracking_no, at)


class FulfilmentBook:
    """Fulfilments by release number; two with one number are two fulfilments. The ended leave after `keep` seconds."""

    __slots__ = ("_ended", "_keep", "_open", "_releases")

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._releases: dict[str, list[Fulfilment]] = {}
        self._open: dict[str, Fulfilment] = {}
        self._ended: deque[Fulfilment] = deque()

    @property
    def open(self) -> int:
        """How many have not ended."""
        return len(self._open)

    def add(self, job: Fulfilment) -> None:
        """Take a new one in."""
        self._open[job.id] = job
        known = self._releases.get(job.release_no)
        if known is None:
            self._releases[job.release_no] = [job]
        else:
            known.append(job)

    def of(self, release_no: str) -> Sequence[Fulfilment]:
        """All that are known under a release number, oldest first."""
        return self._releases.get(release_no, ())

    def holders(self, slot: Slot) -> Iterator[PickLine]:
        """Lines that were promised units of a bin and have not been picked, newest first."""
        for job in reversed(self._open.values()):
            if not job.picked:
                yield from (line for line in job.lines if line.slot is slot and line.allocated)

    def end(self, job: Fulfilment, outcome: ReleaseStage, now: float) -> None:
        """Take down how one ended, and forget those that ended long ago."""
        job.outcome = outcome
        job.ended_at = now
        job.lines = []
        del self._open[job.id]
        self._ended.append(job)
        while self._ended[0].ended_at < now - self._keep:
            self._forget(self._ended.popleft())

    def _forget(self, job: Fulfilment) -> None:
        known = self._releases[job.release_no]
        known.remove(job)
        if not known:
            del self._releases[job.release_no]
