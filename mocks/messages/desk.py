"""What can be asked of the notification desk."""

from __future__ import annotations

from typing import Literal

import msgspec

from seatrial.sim.operation import Request


class Notified(msgspec.Struct, frozen=True, gc=False):
    """The message is out."""

    id: str
    """Number of the message."""


class Notify(Request[Notified], frozen=True):
    """Tell a customer, or customer service, something about an order."""

    message_no: str
    """Business key: one message an order and occasion, such as `SF-1/shipped/P-1`."""
    order_no: str
    """Order number."""
    audience: Literal["customer", "service"]
    """Who is told."""
    subject: str
    """Occasion: acknowledged, shipped, delivered, back_ordered, cancelled, refunded, exception."""
