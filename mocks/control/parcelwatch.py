"""Parcels and returns under watch: who heard of what, and what is still owed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from seatrial.mocks.control.picture import Limits, Returns, Shipments
from seatrial.sim.rows import Cells

_ENDS: Final = ("shipment.delivered", "shipment.returned_to_sender")
_MILESTONES: Final = (
    "shipment.picked_up",
    "shipment.in_transit",
    "shipment.excepted",
    "shipment.out_for_delivery",
    *_ENDS,
)


class ParcelWatch:
    """Remembers parcels on the road and what is to be told of them; each is forgotten once nothing is owed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._heard: dict[str, float] = {}  # parcel to the last word of its carrier, the longest silent first
        self._untold: dict[str, float] = {}  # parcel and milestone to when it was reached
        self._unrecorded: dict[str, float] = {}  # parcel at its end to when it got there
        self._asked: dict[str, None] = {}
        self._received: dict[str, float] = {}
        self.handlers: dict[str, Callable[[Cells, int], None]] = {
            "shipment.dispatched": self._dispatched,
            **dict.fromkeys(_MILESTONES, self._reached),
            "return.requested": self._asked_for,
            "return.received": self._came_back,
            "return.refused": self._settled,
            "credit.posted": self._settled,
        }

    def shipments(self, now: float) -> Shipments:
        """Parcels and their milestones."""
        limits = self._limits
        return Shipments(
            on_road=len(self._heard),
            silent=_older(self._heard.values(), now - limits.silence),
            untold=_older(self._untold.values(), now - limits.milestone),
            unrecorded=_older(self._unrecorded.values(), now - limits.milestone),
        )

    def returns(self, now: float) -> Returns:
        """Returns asked for, and those that nobody has credited."""
        since = next(iter(self._received.values()), now)
        return Returns(len(self._received), max(0.0, now - since), len(self._asked))

    def webhook(self, cells: Cells, at: int) -> None:
        """A webhook was taken: its milestone is known."""
        if self._untold and cells[at + 8] == "ok":
            self._untold.pop(f"{cells[at + 5]} {cells[at + 3]}", None)

    def call(self, cells: Cells, at: int) -> None:
        """The ERP was told of the end of a journey."""
        if self._unrecorded and cells[at + 3] == "record_milestone" and cells[at + 8] == "ok":
            self._unrecorded.pop(cells[at + 5], None)

    def _dispatched(self, cells: Cells, at: int) -> None:
        self._heard[cells[at + 5]] = cells[at]

    def _reached(self, cells: Cells, at: int) -> None:
        parcel, event, now = cells[at + 5], cells[at + 3], cells[at]
        known = self._heard.pop(parcel, None) is not None
        self._untold[f"{parcel} {event}"] = now
        if event not in _ENDS:
            self._heard[parcel] = now
        elif known:
            self._unrecorded[parcel] = now

    def _asked_for(self, cells: Cells, at: int) -> None:
        self._asked[cells[at + 5]] = None

    def _came_back(self, cells: Cells, at: int) -> None:
        """Goods that nobody announced carry another number, and are no return that is owed a credit."""
        key = cells[at + 5]
        if key in self._asked:
            del self._asked[key]
            self._received[key] = cells[at]

    def _settled(self, cells: Cells, at: int) -> None:
        key = cells[at + 5]
        self._received.pop(key, None)
        self._asked.pop(key, None)


def _older(moments: Iterable[float], than: float) -> int:
    """How many come before a moment, of moments in their order."""
    count = 0
    for moment in moments:
        if moment >= than:
            break
        count += 1
    return count
