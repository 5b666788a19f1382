"""What a bus has handed out in this life of the process: so that a bus that was away does not have it done twice."""

from __future__ import annotations

from typing import Generic, TypeVar

TicketT = TypeVar("TicketT")
_REMEMBERED = 10_000


class Delivered(Generic[TicketT]):
    """Messages by their number on the bus, each with the ticket that acknowledges it. States: out, worked off."""

    def __init__(self) -> None:
        self._out: dict[str, TicketT] = {}
        self._worked_off: dict[str, None] = {}

    def hand_out(self, number: str, ticket: TicketT) -> bool:
        """Note a delivery; tells whether it is the first one, and so the one to be worked on."""
        first = number not in self._out and number not in self._worked_off
        self._out[number] = ticket
        return first

    def is_worked_off(self, number: str) -> bool:
        """Whether the work is done, and only its acknowledgement was lost."""
        return number in self._worked_off

    def work_off(self, number: str) -> TicketT | None:
        """The work is done: gives the ticket of the latest delivery."""
        self._worked_off[number] = None
        if len(self._worked_off) > _REMEMBERED:
            del self._worked_off[next(iter(self._worked_off))]
        return self._out.pop(number, None)
