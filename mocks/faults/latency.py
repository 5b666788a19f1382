"""The link or the partner is slow."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Deliver
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds, Share


class Latency(Fault, frozen=True, forbid_unknown_fields=True):
    """Calls take longer than they should.

    The usual illness of a partner in its peak season: nothing fails, but callers with short timeouts give up on work
    that is then done all the same.
    """

    delay: Seconds = Seconds(2)
    """Seconds added to every call."""
    jitter: Seconds = Seconds(0)
    """Seconds added on top, at most; each call draws its own."""
    way_back: Share = Share(0.5)
    """Share of the added time that passes after the receiver has done its work."""

    def decide(self, call: Call, now: float, dice: Draw) -> Deliver:
        """Later, always."""
        added = self.delay + (self.jitter * dice("jitter") if self.jitter else 0.0)
        back = added * self.way_back
        return Deliver(before=added - back, after=back)
