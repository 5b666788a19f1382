"""The exception queues: cases that people of a business team have to solve."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.erp import Team
from seatrial.sim.errors import Rejected


class Case(msgspec.Struct, frozen=True, gc=False):
    """One exception record."""

    number: int
    """Number of the record."""
    case_no: str
    """Business key; two records may carry the same."""
    order_no: str
    """Order number; empty where there is none."""
    team: Team
    """Who has to act."""
    reason: str
    """What is wrong."""
    failed_entry: bool = False
    """Whether it stands for a queue entry that could not be committed."""


class ExceptionQueue:
    """Open cases by business key, oldest first; closed ones are forgotten.

    Raises Rejected 404 `unknown_case`.
    """

    def __init__(self) -> None:
        self.opened = 0
        self._cases: dict[str, list[Case]] = {}
        self._failed: dict[str, list[Case]] = {}

    def open(self, case_no: str, order_no: str, team: Team, reason: str, *, failed_entry: bool = False) -> Case:
        """Put a case into a team's queue; a second one under the same key stands beside the first."""
        self.opened += 1
        case = Case(self.opened, case_no, order_no, team, reason, failed_entry)
        self._cases.setdefault(case_no, []).append(case)
        if failed_entry:
            self._failed.setdefault(order_no, []).append(case)
        return case

    def close(self, case_no: str) -> list[Case]:
        """Solve every case under a key; gives them."""
        solved = self._cases.pop(case_no, None)
        if solved is None:
            raise Rejected("unknown_case", f"no open case {case_no!r} · {len(self._cases)} are open", status=404)
        for case in solved:
            if case.failed_entry:
                self._forget(case)
        return solved

    def failed(self, order_no: str) -> tuple[str, ...]:
        """Queue entries about an order that were not committed and are still open, with the reason."""
        return tuple(f"{case.case_no} {case.reason}" for case in self._failed.get(order_no, ()))

    def waiting(self, team: Team) -> list[Case]:
        """The open cases of a team, by key."""
        return [case for cases in self._cases.values() for case in cases if case.team == team]

    def _forget(self, case: Case) -> None:
        others = [other for other in self._failed[case.order_no] if other is not case]
        if others:
            self._failed[case.order_no] = others
        else:
            del self._failed[case.order_no]
