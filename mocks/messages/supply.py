"""What can be asked of the suppliers."""

from __future__ import annotations

import msgspec

from seatrial.sim.operation import Request


class InboundUnits(msgspec.Struct, frozen=True, gc=False):
    """Units of a SKU on their way to a warehouse."""

    sku: str
    """Stock keeping unit."""
    quantity: int
    """Units."""
    due_at: float
    """Second of the run at which they should arrive."""
    warehouse: str
    """Where to."""


class Inbound(msgspec.Struct, frozen=True, gc=False):
    """What is on its way."""

    receipts: tuple[InboundUnits, ...] = ()
    """Earliest first."""


class ListInbound(Request[Inbound], frozen=True):
    """What is on its way of some SKUs: the ground for a new promise date."""

    skus: tuple[str, ...]
    """Stock keeping units."""


class Ordered(msgspec.Struct, frozen=True, gc=False):
    """The supplier will deliver."""

    id: str
    """Number of the purchase order."""
    due_at: float
    """Second of the run at which the goods should arrive."""


class OrderedUnits(msgspec.Struct, frozen=True, gc=False):
    """So many units of a SKU to buy."""

    sku: str
    """Stock keeping unit."""
    quantity: int
    """Units, above zero."""


class OrderSupply(Request[Ordered], frozen=True):
    """Order units for a back-order, on top of what the network reorders by itself."""

    order_no: str
    """Sales order that waits for them."""
    purchase_no: str
    """Business key of the purchase order."""
    warehouse: str
    """Where to."""
    lines: tuple[OrderedUnits, ...]
    """What is wanted."""
