"""The partner's edge answers with an error status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from seatrial.sim.call import Call
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Answer
from seatrial.sim.fault import Draw, Fault


class Status(Fault, frozen=True, forbid_unknown_fields=True):
    """The call gets one HTTP error status in the partner's own error shape; the partner has not seen it.

    Any error of a vendor's list: 500, 502, 504, 408, 409, 423 for a locked document. Raises BadInput for a status
    that is no error.
    """

    usual: ClassVar[Mapping[str, tuple[object, ...]]] = {"status": (500, 502, 503, 504, 408)}

    status: int = 500
    """HTTP status, 400 to 599."""
    code: str = "internal_error"
    """Error code in the body."""

    def __post_init__(self) -> None:
        """Look at the values."""
        if not 400 <= self.status <= 599:
            raise BadInput("not the status of an error", value=self.status, hint="give a number from 400 to 599")

    def decide(self, call: Call, now: float, dice: Draw) -> Answer:
        """This status, always."""
        return Answer(self.status, code=self.code)
