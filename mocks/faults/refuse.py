"""Nobody listens at the partner's address."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Refuse as Refused
from seatrial.sim.fault import Draw, Fault


class Refuse(Fault, frozen=True, forbid_unknown_fields=True):
    """The connection is refused at once; the receiver sees nothing.

    A service that is being deployed or a firewall that rejects: the one failure after which every write is safe to
    repeat.
    """

    def decide(self, call: Call, now: float, dice: Draw) -> Refused:
        """Refused, always."""
        return Refused()
