"""The way to the integration's database or broker is cut."""

from __future__ import annotations

from typing import ClassVar

from seatrial.sim.call import DEPENDENCY, Call
from seatrial.sim.fate import Drop
from seatrial.sim.fault import Draw, Fault


class Cut(Fault, frozen=True, forbid_unknown_fields=True):
    """Nothing passes and no connection closes: a network partition between a service and its database.

    Queries hang until the driver's own timeout, pools run empty, health checks stay green. What was sent into the cut
    arrives when it heals, as TCP has it: a statement that its sender gave up on may still be carried out.
    """

    direction: ClassVar[str] = DEPENDENCY

    def decide(self, call: Call, now: float, dice: Draw) -> Drop:
        """Cut, always."""
        return Drop()
