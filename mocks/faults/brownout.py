"""The partner is overloaded: slower and slower, and part of the calls fails."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Answer, Deliver
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds, Share


class Brownout(Fault, frozen=True, forbid_unknown_fields=True):
    """Replies slow down over a ramp and a growing share of calls gets 503.

    What an ERP does when a month-end job eats its database: it still works, so health checks stay green, and callers
    that retry at once make it worse. The partner has not seen the calls that get 503.
    """

    delay: Seconds = Seconds(5)
    """Seconds added to a reply at the height, on average; each call draws from half to one and a half of it."""
    errors: Share = Share(0.2)
    """Share of calls that get 503 at the height of the brown-out."""
    ramp: Seconds = Seconds(600)
    """Seconds from the beginning to the height."""

    def decide(self, call: Call, now: float, dice: Draw) -> Answer | Deliver | None:
        """An error or a slow reply, in proportion to the height reached."""
        height = min(1.0, now / self.ramp) if self.ramp else 1.0
        if dice("error") < self.errors * height:
            return Answer(503, code="service_unavailable")
        slow = self.delay * height * (0.5 + dice("delay"))
        return Deliver(after=slow) if slow else None
