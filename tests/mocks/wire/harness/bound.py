"""A fault of another package that chooses any one fate: found through its entry point, also by the proxy's process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.sim import fate as fates
from seatrial.sim.call import Call
from seatrial.sim.fate import Answer, Deliver, Drip, Drop, Garble, LoseReply, Refuse, Reset, Twice
from seatrial.sim.fault import Draw, Fault

OnTheWay = Deliver | Twice | Refuse | Drop | LoseReply | Answer | Garble | Drip | Reset


class Bound(Fault, frozen=True, forbid_unknown_fields=True):
    """One fate for every call."""

    kind: str
    values: Mapping[str, Any] = {}

    def decide(self, call: Call, now: float, dice: Draw) -> OnTheWay:
        fate: OnTheWay = getattr(fates, self.kind)(**self.values)
        return fate
