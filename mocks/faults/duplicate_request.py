"""The partner gets a request twice that was sent once."""

from __future__ import annotations

from typing import ClassVar

from seatrial.sim.call import Call
from seatrial.sim.fate import Twice
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class DuplicateRequest(Fault, frozen=True, forbid_unknown_fields=True):
    """The partner receives a second copy of the call; the sender sees the first reply and knows of nothing.

    A proxy or a message broker that delivers at least once: in the same instant, when both copies race, or much
    later, when a queue is replayed.
    """

    wants: ClassVar[str] = "write"

    gap: Seconds = Seconds(0)
    """Seconds between the two copies; 0: the same instant."""

    def decide(self, call: Call, now: float, dice: Draw) -> Twice:
        """Twice, always."""
        return Twice(self.gap)
