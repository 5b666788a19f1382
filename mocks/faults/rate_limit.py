"""Too many requests, says the partner."""

from __future__ import annotations

from math import ceil
from typing import Literal

from seatrial.sim.call import Call
from seatrial.sim.fate import Answer
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class RateLimit(Fault, frozen=True, forbid_unknown_fields=True):
    """The call gets 429; the partner has not seen it.

    For limits that do not follow from the caller's own pace: a shared account, a tenant next door, a quota cut at
    peak. How long to wait is told as vendors tell it: in seconds, not at all (Amazon), as an HTTP date, or in a way
    that does harm when it is believed: 0, a negative number, milliseconds, words.
    """

    wait: Seconds = Seconds(30)
    """Seconds that the partner asks to wait."""
    header: Literal["seconds", "none", "date", "odd"] = "seconds"
    """How the Retry-After header says it; `odd` draws one of four misleading values for each call."""

    def decide(self, call: Call, now: float, dice: Draw) -> Answer:
        """429, always."""
        seconds = max(1, ceil(self.wait))
        if self.header == "date":
            return Answer(429, code="rate_limited", retry_after="", retry_date=float(seconds))
        text = str(seconds) if self.header == "seconds" else ""
        if self.header == "odd":
            text = ("0", "-1", str(seconds * 1000), "in a moment")[int(dice("header") * 4)]
        return Answer(429, code="rate_limited", retry_after=text)
