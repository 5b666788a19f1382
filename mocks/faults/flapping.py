"""The partner goes down and comes back, again and again."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Answer
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class Flapping(Fault, frozen=True, forbid_unknown_fields=True):
    """Calls get 503 for a while, go through for a while, and so on, beginning with the failures.

    One sick node behind a load balancer, or an instance in a restart loop: circuit breakers that trust one good call
    open and close with it. Raises BadInput where no time would ever be down.
    """

    down: Seconds = Seconds(30)
    """Seconds of failures in each round."""
    up: Seconds = Seconds(60)
    """Seconds of good service in each round."""

    def __post_init__(self) -> None:
        """Look at the values."""
        if self.down <= 0:
            raise BadInput("a partner that is never down does not flap", value=self.down, hint="give 'down' a duration")

    def decide(self, call: Call, now: float, dice: Draw) -> Answer | None:
        """503 in the first part of each round."""
        is_down = now % (self.down + self.up) < self.down
        return Answer(503, code="service_unavailable") if is_down else None
