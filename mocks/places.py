"""The places of the network that goods can be sent to."""

from __future__ import annotations

from seatrial.sim.assortment import Assortment


def warehouses_of(assortment: Assortment) -> tuple[str, ...]:
    """Warehouses that any item is kept in, by name."""
    return tuple(sorted({place for item in assortment.items.values() for place in item.stock}))
