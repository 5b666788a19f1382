"""The integration's process stands still in the middle of a call, and goes on later."""

from __future__ import annotations

from seatrial.sim.call import Call
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Freeze
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class IntegrationFreeze(Fault, frozen=True, forbid_unknown_fields=True):
    """The process under test is stopped where it stands while it makes the call, and goes on later as if no time had
    passed.

    A long garbage collection, a virtual machine that is moved, a laptop lid. Nothing is lost, but everything is late:
    timers fire all at once, tokens and leases have run out unseen, replies and webhooks are waiting, and their senders
    have given up on some. Aimed at webhooks, it strikes as one is sent. Raises BadInput for a freeze without a length.
    """

    lasts: Seconds = Seconds(30)
    """Seconds for which it stands still."""

    def __post_init__(self) -> None:
        """Look at the value."""
        if self.lasts <= 0:
            raise BadInput("a freeze that takes no time is none", value=self.lasts, hint="give 'lasts' a duration")

    def decide(self, call: Call, now: float, dice: Draw) -> Freeze:
        """Frozen, always."""
        return Freeze(self.lasts)
