"""The connection breaks while the call is under way."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.fate import Reset as Broken
from seatrial.sim.fault import Draw, Fault


class Reset(Fault, frozen=True, forbid_unknown_fields=True):
    """The sender sees a reset connection, at once and not after its timeout.

    A proxy that recycles its workers, an idle connection reused a moment too late. Whether the partner had done the
    work by then is what the sender would have to know.
    """

    after_commit: bool = False
    """Whether the partner has done its work before the connection breaks."""

    def decide(self, call: Call, now: float, dice: Draw) -> Broken:
        """Broken, always."""
        return Broken(self.after_commit)
