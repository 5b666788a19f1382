"""The integration's process dies in the middle of a call."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Crash
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class IntegrationCrash(Fault, frozen=True, forbid_unknown_fields=True):
    """The process under test is killed while it makes the call, and started again later.

    Out of memory, a node drained, a deployment at noon. Tasks and memory are gone, the durable store is not: whatever
    the partner has done by then and the store does not know is done again, unless the design prevents it. Aimed at
    webhooks, it strikes while one is being received.
    """

    down_for: Seconds = Seconds(30)
    """Seconds until the process is started again."""
    after_commit: bool = True
    """Whether the partner has done its work by then."""

    def decide(self, call: Call, now: float, dice: Draw) -> Crash:
        """Dead, always."""
        return Crash(self.down_for, self.after_commit)
