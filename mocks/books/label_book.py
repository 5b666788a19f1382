"""A carrier's book of labels: sold, voided or on a parcel, until some time after the end of its journey."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf

import msgspec

from seatrial.mocks.books.journey import Journey
from seatrial.mocks.messages.carrier import Label, Stage, Tracking

_SAME = 1e-6
"""Seconds: a wait until a moment may end a rounding error before it."""


class SoldLabel(msgspec.Struct, eq=False, gc=False):
    """One label. States: sold, then voided, or on a journey to its end."""

    id: str
    """The carrier's number of it."""
    tracking_no: str
    """Number to follow the parcel by."""
    price: int
    """Minor units."""
    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    days: int
    """Days in transit that were sold."""
    sold_at: float
    """Second of the run."""
    journey: Journey | None = None
    """Where it travels, from the first scan."""
    ended_at: float = inf
    """Second of the run at which it was voided, delivered or refused."""

    @property
    def voided(self) -> bool:
        """Whether it was given back unused."""
        return self.journey is None and self.ended_at != inf

    def reply(self) -> Label:
        """As its buyer sees it."""
        return Label(self.id, self.tracking_no, self.price)

    def tracking(self, at: float) -> Tracking:
        """Last milestone that was known at a second of the run."""
        if at < self.sold_at:
            return Tracking()
        if self.journey is None:
            return Tracking("voided", self.ended_at) if self.ended_at <= at else Tracking("label_created", self.sold_at)
        reached: tuple[Stage, float] = ("label_created", self.sold_at)
        for stage, time in zip(*self.journey, strict=True):
            if time > at + _SAME:
                break
            reached = stage, time
        return Tracking(*reached)


class LabelBook:
    """Labels by tracking number and by parcel; those whose journey is over leave after `keep` seconds."""

    __slots__ = ("_by_parcel", "_by_tracking", "_ended", "_keep")

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._by_tracking: dict[str, SoldLabel] = {}
        self._by_parcel: dict[str, list[SoldLabel]] = {}
        self._ended: deque[SoldLabel] = deque()

    @property
    def under_way(self) -> int:
        """Labels whose parcel has been picked up and has not arrived anywhere."""
        return sum(1 for label in self._by_tracking.values() if label.journey is not None and label.ended_at == inf)

    def add(self, label: SoldLabel) -> None:
        """Take a new one in."""
        self._by_tracking[label.tracking_no] = label
        known = self._by_parcel.get(label.parcel_no)
        if known is None:
            self._by_parcel[label.parcel_no] = [label]
        else:
            known.append(label)

    def tracked(self, tracking_no: str) -> SoldLabel | None:
        """The label with a tracking number."""
        return self._by_tracking.get(tracking_no)

    def of(self, parcel_no: str) -> Sequence[SoldLabel]:
        """All that are known of a parcel, oldest first."""
        return self._by_parcel.get(parcel_no, ())

    def end(self, label: SoldLabel, now: float) -> None:
        """Nothing more will happen to a label; forget those for which this is long ago."""
        label.ended_at = now
        self._ended.append(label)
        while self._ended[0].ended_at < now - self._keep:
            self._forget(self._ended.popleft())

    def _forget(self, label: SoldLabel) -> None:
        del self._by_tracking[label.tracking_no]
        known = self._by_parcel[label.parcel_no]
        known.remove(label)
        if not known:
            del self._by_parcel[label.parcel_no]
