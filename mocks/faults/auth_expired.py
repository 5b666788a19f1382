"""The caller's token no longer holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from seatrial.sim.call import Call
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Answer
from seatrial.sim.fault import Draw, Fault


class AuthExpired(Fault, frozen=True, forbid_unknown_fields=True):
    """Every token given before the window opened is refused; who signs in again goes on working.

    A rotated secret, a restarted token server, a session lost behind a load balancer (SAP's CSRF token gives 403). A
    call refused like this has done nothing; one that is repeated with the same token is refused for ever. Raises
    BadInput for any other status.
    """

    usual: ClassVar[Mapping[str, tuple[object, ...]]] = {"status": (401, 403)}

    status: int = 401
    """HTTP status of the refusal: 401, or 403 as some vendors have it."""
    code: str = "token_expired"
    """Error code in the body."""

    def __post_init__(self) -> None:
        """Look at the values."""
        if self.status not in (401, 403):
            raise BadInput("not the status of an expired token", value=self.status, known=("401", "403"))

    def decide(self, call: Call, now: float, dice: Draw) -> Answer | None:
        """Refused, where the sign-in is older than the window."""
        opened = max(0.0, call.sent_at - now)  # no run began before its second 0, however late it is asked
        if call.operation == "sign_in" or call.signed_in_at > opened:
            return None
        return Answer(self.status, code=self.code)
