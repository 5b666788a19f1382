"""Only the beginning of the reply arrives."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Garble
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Share


class TruncatedBody(Fault, frozen=True, forbid_unknown_fields=True):
    """The partner does the work; its reply breaks off in the middle.

    A proxy with a buffer limit, a connection closed too early, a file read while it was still being written. The
    sender cannot read what it got, and the work is done.
    """

    share: Share = Share(0.5)
    """Share of the body that arrives."""

    def decide(self, call: Call, now: float, dice: Draw) -> Garble:
        """Cut, always."""
        return Garble("truncated", self.share)
