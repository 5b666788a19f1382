"""What can be asked of a carrier, and what it tells."""

from __future__ import annotations

from typing import Literal

import msgspec

from seatrial.sim.operation import Request

Stage = Literal[
    "label_created",
    "picked_up",
    "in_transit",
    "out_for_delivery",
    "delivered",
    "exception",
    "return_to_sender",
    "voided",
    "unknown",
]
"""Milestones of a parcel."""


class Rate(msgspec.Struct, frozen=True, gc=False):
    """An offer that holds for a while."""

    rate_id: str
    """Number of the offer."""
    service: str
    """Name of the service."""
    price: int
    """Minor units."""
    days: int
    """Days in transit."""
    expires_at: float
    """Second of the run after which it cannot be bought (`rate_expired`)."""


class Rates(msgspec.Struct, frozen=True, gc=False):
    """The offers for a parcel."""

    rates: tuple[Rate, ...] = ()
    """Cheapest first."""


class GetRates(Request[Rates], frozen=True):
    """Ask for offers."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    units: int
    """Units in the parcel."""
    country: str
    """Where to."""


class Label(msgspec.Struct, frozen=True, gc=False):
    """A label that was bought."""

    id: str
    """The carrier's number of the label; empty: there is none."""
    tracking_no: str
    """Number to follow the parcel by."""
    price: int
    """Minor units."""


class BuyLabel(Request[Label], frozen=True):
    """Buy a label at an offered rate. Rejected with `rate_expired` after its time."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number: one live label a parcel."""
    rate_id: str
    """Number of the offer."""


class FindLabel(Request[Label], frozen=True):
    """The live label of a parcel: the look-up before a repeated purchase, and for labels too many."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    besides: str = ""
    """Tracking number of a label to look past; empty: of none."""


class LabelVoided(msgspec.Struct, frozen=True, gc=False):
    """The label costs nothing any more."""

    id: str
    """The carrier's number of the label."""


class VoidLabel(Request[LabelVoided], frozen=True):
    """Give a label back; rejected with `already_scanned` after the first scan."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    label_id: str
    """The carrier's number of the label."""


class Tracking(msgspec.Struct, frozen=True, gc=False):
    """Where a parcel is."""

    stage: Stage = "unknown"
    """Last milestone."""
    at: float = 0.0
    """Second of the run of that milestone."""


class TrackParcel(Request[Tracking], frozen=True):
    """Where a parcel is: the look-up for a milestone that never came."""

    order_no: str
    """Order number."""
    tracking_no: str
    """The carrier's number."""


class Milestone(msgspec.Struct, frozen=True, gc=False):
    """Webhook body: a parcel reached a milestone (events `shipment.picked_up`, `shipment.in_transit`,
    `shipment.out_for_delivery`, `shipment.delivered`, `shipment.excepted`, `shipment.returned_to_sender`).
    """

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    tracking_no: str
    """The carrier's number."""
    stage: Stage
    """The milestone."""
