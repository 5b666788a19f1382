"""A read is answered from an old copy."""

from __future__ import annotations

from typing import ClassVar

from seatrial.sim.call import Call
from seatrial.sim.fate import Stale
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class StaleRead(Fault, frozen=True, forbid_unknown_fields=True):
    """The partner answers a read as it would have a while ago.

    A read replica that lags behind, a cache at the edge, a search index that is rebuilt: whoever looks after a write
    whether it was done is told that it was not.
    """

    wants: ClassVar[str] = "read"

    age: Seconds = Seconds(300)
    """Age of the copy in seconds."""

    def decide(self, call: Call, now: float, dice: Draw) -> Stale:
        """Old, always."""
        return Stale(self.age)
