"""The reply does not parse."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Garble
from seatrial.sim.fault import Draw, Fault


class MalformedBody(Fault, frozen=True, forbid_unknown_fields=True):
    """The partner does the work; its reply arrives as text that is no JSON.

    A debug line in front of the document, a wrong encoding, a comma too many after a vendor's release. The sender
    cannot read what it got, and the work is done.
    """

    def decide(self, call: Call, now: float, dice: Draw) -> Garble:
        """Unreadable, always."""
        return Garble("malformed")
