"""What shoppers are going to do: the demand of a run, as a stream in the order of time."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.orders import ChannelOrder, Units
from seatrial.sim.cargo import Goods
from seatrial.sim.latency import Latency, Lognormal, Uniform
from seatrial.sim.quantities import Seconds, Share

_HOUR = 3600.0


class PlannedReturn(msgspec.Struct, frozen=True, gc=False):
    """Goods of an order that will be sent back, as far as they arrive."""

    at: float
    """Second of the run before which nobody asks for it."""
    lines: tuple[Units, ...]
    """What will come back."""


class Purchase(msgspec.Struct, frozen=True, gc=False):
    """An order that a shopper will place."""

    at: float
    """Second of the run."""
    channel: str
    """Name of the channel."""
    order: ChannelOrder
    """What will be bought; the channel fills in when, and until when it promises to ship."""
    returns: tuple[PlannedReturn, ...] = ()
    """What of it is known to come back."""
    cancel_after: float | None = None
    """Seconds from the sale to a wish to cancel that is known; None: a whim decides."""


class StrayReturn(msgspec.Struct, frozen=True, gc=False):
    """Goods that will arrive at a warehouse although nobody announced them: no return number, no order number."""

    at: float
    """Second of the run."""
    warehouse: str
    """Where they turn up."""
    goods: Goods
    """What is in the parcel."""


Intent = Purchase | StrayReturn
"""Everything that a demand consists of."""


class Habits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shoppers do of their own accord; each decision is drawn by order number."""

    cancellations: Share = Share(0)
    """Share of the orders that the shopper wants to cancel."""
    cancel_after: Latency = Lognormal(Seconds(_HOUR), Seconds(24 * _HOUR))
    """Seconds from the sale to that wish; some come when the parcel has left."""
    returns: Share = Share(0)
    """Share of the orders of which one line, or a part of it, is sent back."""
    return_after: Latency = Uniform(Seconds(12 * _HOUR), Seconds(72 * _HOUR))
    """Seconds from the delivery to the wish to send something back."""
    return_travel: Latency = Uniform(Seconds(12 * _HOUR), Seconds(36 * _HOUR))
    """Seconds that returned goods travel to the warehouse."""
    late_returns: Seconds = Seconds(0)
    """Seconds after the end of the demand during which shoppers still ask to send something back."""
