"""The physical world: goods on the road between warehouses, carriers, suppliers and customers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from seatrial.sim.errors import HarnessError

CUSTOMERS = "customers"
"""The place where parcels end."""
Goods = tuple[tuple[str, int], ...]
"""SKUs and units."""


class Parcel(msgspec.Struct, frozen=True, gc=False):
    """A parcel with its label."""

    parcel_no: str
    """Parcel number."""
    order_no: str
    """Order number."""
    tracking_no: str
    """The carrier's number."""
    origin: str
    """Warehouse that it left."""
    goods: Goods
    """What is in it."""


class ReturnedGoods(msgspec.Struct, frozen=True, gc=False):
    """Goods on their way back to a warehouse."""

    rma_no: str
    """Return number written on it; empty: nobody announced it."""
    order_no: str
    """Order number; empty where the sender did not say."""
    goods: Goods
    """What is in it."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """Goods from a supplier."""

    purchase_no: str
    """Purchase order."""
    goods: Goods
    """What is in it."""


Cargo = Parcel | ReturnedGoods | Delivery
"""Everything that moves."""


class Road:
    """Who receives what at which place. Travel time is the sender's business: `send` arrives at once."""

    def __init__(self) -> None:
        self._places: dict[str, Callable[[Cargo], None]] = {}

    def open(self, place: str, arrive: Callable[[Cargo], None]) -> None:
        """Make a place reachable."""
        self._places[place] = arrive

    def send(self, place: str, cargo: Cargo) -> None:
        """Put cargo down at a place. Raises HarnessError where there is no such place."""
        arrive = self._places.get(place)
        if arrive is None:
            known = ", ".join(sorted(self._places))
            raise HarnessError(f"cargo for a place that does not exist: {place!r} · known: {known}")
        arrive(cargo)
