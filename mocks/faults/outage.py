"""The partner is down and says so."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Answer
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class Outage(Fault, frozen=True, forbid_unknown_fields=True):
    """Every call gets 503 from the partner's gateway; nothing reaches the partner.

    A carrier or a marketplace during an incident. Some gateways say when to come back, most do not.
    """

    retry_after: Seconds = Seconds(0)
    """Seconds that the Retry-After header asks to wait, rounded to whole ones; 0: no header."""

    def decide(self, call: Call, now: float, dice: Draw) -> Answer:
        """503, always."""
        asked = str(max(1, round(self.retry_after))) if self.retry_after else ""
        return Answer(503, code="service_unavailable", retry_after=asked)
