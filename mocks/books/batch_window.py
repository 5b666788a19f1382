"""The batch window: an office that takes papers in all day and books them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from seatrial.sim.operation import Request

OfficeT = TypeVar("OfficeT", bound="Office")
RequestT = TypeVar("RequestT", bound=Request[Any])
ReplyT = TypeVar("ReplyT")


class Entry(NamedTuple):
    """One accepted paper."""

    entry_no: str
    """Number that its sender was given."""
    request: Request[Any]
    """What it asks for."""
    book: Callable[[], object]
    """Books it. Raises Rejected."""


class Tray:
    """Papers that were accepted and not booked yet, in the order in which they came."""

    def __init__(self) -> None:
        self._taken = 0
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def take(self, request: Request[Any], book: Callable[[], object]) -> str:
        """Accept a paper; gives its number."""
        self._taken += 1
        entry = Entry(f"Q-{self._taken}", request, book)
        self._entries.append(entry)
        return entry.entry_no

    def empty(self) -> list[Entry]:
        """Hand all papers over; each leaves the tray once."""
        entries, self._entries = self._entries, []
        return entries


class Office(Protocol):
    """Whoever owns batched operations."""

    tray: Tray | None
    """Where papers wait for the next batch window; None: everything is booked at once."""

    def accept(self, request: Request[Any]) -> Mapping[str, int]:
        """Look a paper over before it goes into the tray; gives what the reply can say already. Raises Rejected."""
        ...


class Batched(Generic[ReplyT]):
    """Lets a handler wait for the batch window where its owner has a tray; the reply then carries the entry's number.

    `reply` makes that reply: the type of it, whose first field is an id and which has a field `queued`.
    """

    def __init__(self, reply: Callable[..., ReplyT]) -> None:
        self._reply = reply

    def __call__(self, handler: Callable[[OfficeT, RequestT], ReplyT]) -> Callable[[OfficeT, RequestT], ReplyT]:
        """The handler, ready to wait."""
        reply = self._reply

        @wraps(handler)
        def take(self: OfficeT, request: RequestT) -> ReplyT:
            tray = self.tray
            if tray is None:
                return handler(self, request)
            known = self.accept(request)
            return reply(tray.take(request, lambda: handler(self, request)), queued=True, **known)

        return take
