"""A web page comes back where a document was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from seatrial.sim.call import Call
from seatrial.sim.fate import Answer
from seatrial.sim.fault import Draw, Fault


class HtmlErrorPage(Fault, frozen=True, forbid_unknown_fields=True):
    """The call gets an HTML page; the partner has not seen it.

    A gateway's error page, a maintenance page, the login page of an expired session; the worst come with status 200,
    and code that takes any 2xx for success books an order that nobody has.
    """

    usual: ClassVar[Mapping[str, tuple[object, ...]]] = {"status": (502, 503, 504, 200)}

    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 502
    """HTTP status of the page; 200 for pages that look like success."""

    def decide(self, call: Call, now: float, dice: Draw) -> Answer:
        """A page, always."""
        return Answer(self.status, body="html")
