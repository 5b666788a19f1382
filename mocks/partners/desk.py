"""The notification desk: what customers and customer service were told."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.desk import Notified, Notify
from seatrial.sim.conduct import Conduct
from seatrial.sim.events import Event
from seatrial.sim.operation import operation
from seatrial.sim.partner import Ground, Partner


class Desk(Partner):
    """Sends a message for every request it gets; whoever asks twice has told the customer twice.

    It keeps nothing: a message that is out cannot be taken back.
    """

    kind = "desk"

    class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """Nothing about the desk can be set."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct)
        self._sent = 0

    @operation("POST", "/messages", key="message_no", document="notification")
    def notify(self, request: Notify) -> Notified:
        """Send a message to the customer or to customer service."""
        self._sent += 1
        number = f"{self.name}-N{self._sent}"
        self.committed("notification", request.message_no, request.order_no, number)
        event = Event.CUSTOMER_NOTIFIED if request.audience == "customer" else Event.SERVICE_NOTIFIED
        self.happened(event, request.message_no, request.order_no)
        return Notified(number)
