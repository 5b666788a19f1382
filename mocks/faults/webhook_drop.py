"""A webhook never reaches the integration."""

from __future__ import annotations

from typing import ClassVar

from seatrial.sim.call import WEBHOOK, Call
from seatrial.sim.fate import Answer, Drop
from seatrial.sim.fault import Draw, Fault


class WebhookDrop(Fault, frozen=True, forbid_unknown_fields=True):
    """The webhook is lost on its way.

    Unnoticed, somebody between (a gateway, a queue that is full) has said 200 and the sender is content: only a
    reconciliation finds out. Noticed, the sender waits for its timeout and goes by its retry schedule. Vendors
    promise neither delivery nor order (Shopify says so in its documentation).
    """

    direction: ClassVar[str] = WEBHOOK

    noticed: bool = False
    """Whether the sender knows that it was not delivered, and so will try again."""

    def decide(self, call: Call, now: float, dice: Draw) -> Answer | Drop:
        """Lost, always."""
        return Drop() if self.noticed else Answer(200, body="empty")
