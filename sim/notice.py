"""A webhook as the integration receives it."""

from __future__ import annotations

import msgspec


class Notice(msgspec.Struct, frozen=True, gc=False):
    """One event of one partner; redelivered with the same number."""

    notice_no: str
    """Id of the event: the same on every delivery, the field to de-duplicate by."""
    event: str
    """Name of the event: `order.placed`, `shipment.delivered` ..."""
    partner: str
    """Who tells."""
    key: str
    """Business key of the document."""
    order_no: str
    """Order that it is about; empty where there is none."""
    at: float
    """Second of the run at which the event happened."""
    sequence: int
    """Counts the partner's events, from 1: a later state of a document has a higher number."""
    body: msgspec.Struct
    """The document; its type belongs to the event."""
