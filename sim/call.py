"""A call or a webhook on its way: what policies and faults may look at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

REQUEST = "request"
"""Direction: the integration asks a partner."""
WEBHOOK = "webhook"
"""Direction: a partner tells the integration."""
INSIDE = "inside"
"""Direction: within a partner's own walls: a pick, a count, a read of its own books."""
DEPENDENCY = "dependency"
"""Direction: the integration uses a database or broker of its own, over a plain TCP connection."""
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
NO_TOKEN = float("-inf")
"""In the place of the moment of a sign-in: the caller sent no token."""
UNKNOWN_TOKEN = -1.0
"""In the place of the moment of a sign-in: the caller sent what this partner never gave."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call, as everybody between its sender and its receiver may see it."""

    partner: str
    """Name of the partner that is asked, or that tells."""
    operation: str
    """Operation, or name of the event that a webhook carries, or the work inside the partner."""
    direction: str
    """`request`, `webhook`, `inside` or `dependency`."""
    key: str
    """Business key of the document it is about."""
    order: str
    """Order number it belongs to: the correlation id."""
    attempt: int
    """Attempt number of the sender, from 1."""
    idempotency_key: str = ""
    """What the sender gave as idempotency key (for EDI: the control number); empty where it gave none."""
    signed_in_at: float = 0.0
    """Second of the run at which the sender last signed in; below 0: it proves no sign-in."""
    sent_at: float = 0.0
    """Second of the run at which this attempt was sent."""
    quantity: int = 0
    """Units that the work is about, where that is known."""
    headers: Mapping[str, str] = NO_HEADERS
    """Further headers."""
