"""Calls vanish on the way."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Drop
from seatrial.sim.fault import Draw, Fault


class Blackhole(Fault, frozen=True, forbid_unknown_fields=True):
    """The call never arrives and no answer comes; the sender waits for its timeout.

    A firewall that drops silently, a route that is gone. The sender cannot tell it from a lost reply: here nothing
    was done.
    """

    def decide(self, call: Call, now: float, dice: Draw) -> Drop:
        """Gone, always."""
        return Drop()
