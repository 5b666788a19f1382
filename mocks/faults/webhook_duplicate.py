"""A webhook arrives twice."""

from __future__ import annotations

from typing import ClassVar

from seatrial.sim.call import WEBHOOK, Call
from seatrial.sim.fate import Twice
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class WebhookDuplicate(Fault, frozen=True, forbid_unknown_fields=True):
    """The integration receives the same webhook twice, with the same event number.

    At-least-once delivery as every vendor has it: two copies in the same instant, which race each other through the
    receiver, or one much later, when the first is long forgotten.
    """

    direction: ClassVar[str] = WEBHOOK

    gap: Seconds = Seconds(0)
    """Seconds between the two copies; 0: the same instant."""

    def decide(self, call: Call, now: float, dice: Draw) -> Twice:
        """Twice, always."""
        return Twice(self.gap)
