"""Success without a word: 200 and nothing in it."""

from __future__ import annotations

from typing import Literal

from seatrial.sim.call import Call
from seatrial.sim.fate import Answer
from seatrial.sim.fault import Draw, Fault


class EmptySuccess(Fault, frozen=True, forbid_unknown_fields=True):
    """The call gets a status of success and an empty body; the partner has not seen it.

    A gateway that answers for a partner that is asleep, an accepted file that is never processed. Code that only
    looks at the status believes that the work was done.
    """

    status: Literal[200, 201, 202, 204] = 200
    """HTTP status."""

    def decide(self, call: Call, now: float, dice: Draw) -> Answer:
        """Nothing, always."""
        return Answer(self.status, body="empty")
