"""The partner does the work and its reply is lost."""

from __future__ import annotations

from typing import ClassVar, Literal

from seatrial.sim.call import Call
from seatrial.sim.fate import LoseReply
from seatrial.sim.fault import Draw, Fault


class LostReply(Fault, frozen=True, forbid_unknown_fields=True):
    """The partner commits; the sender sees a timeout or a reset connection.

    The source of most duplicates in order-to-cash: a sales order is entered, the answer never comes, and the retry
    enters it again. What a repeat gives is the partner's idempotency policy.
    """

    wants: ClassVar[str] = "write"

    how: Literal["silence", "reset"] = "silence"
    """What the sender sees: silence until its timeout, or a reset connection."""

    def decide(self, call: Call, now: float, dice: Draw) -> LoseReply:
        """Lost, always."""
        return LoseReply(self.how)
