"""The integration under test as a world knows it: what it is given, what it must offer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from seatrial.sim.bus import Bus
from seatrial.sim.client import Client
from seatrial.sim.errors import BadInput
from seatrial.sim.notice import Notice
from seatrial.sim.store import Store


class Note(Protocol):
    """Write down what the integration did with itself: a retry, a dead letter, an open breaker."""

    def __call__(
        self, name: str, key: str = "", correlation: str = "", team: str = "", quantity: int = 0, detail: str = ""
    ) -> None:
        """`name` is the note, `correlation` the order number."""
        ...


class Surroundings(msgspec.Struct, frozen=True):
    """All that an integration can reach."""

    clients: Mapping[str, Client]
    """Typed clients by partner name."""
    store: Store
    """What survives a crash."""
    note: Note
    """Its own log."""
    now: Callable[[], float]
    """Second of the run."""
    chance: Callable[[str], float]
    """Keyed dice for jitter: a text gives a number in [0, 1)."""
    event: Callable[[str, str, str], None]
    """Write a business event of the integration: name, business key, order number."""
    bus: Bus | None = None
    """Where messages wait to be worked on; None: in the integration itself."""
    pace: float = 1.0
    """Seconds of business time in one second of technical time (see `Ground.pace`)."""
    stopwatch: Callable[[], float] | None = None
    """Second of technical time, for timeouts, pauses and rates; None: the second of the run."""
    under_way: int = 0
    """Calls to one partner under way at a time, where these cost more than a place in memory; 0: as many as come."""

    @property
    def technical(self) -> Callable[[], float]:
        """The clock for what is between programs: timeouts, pauses, rates. Never scaled."""
        return self.stopwatch or self.now

    def rest(self, seconds: float) -> Awaitable[None]:
        """Wait for so much business time: until the next poll, the next reconciliation."""
        return asyncio.sleep(seconds / self.pace)

    def of_kind(self, *kinds: str) -> tuple[Client, ...]:
        """The clients of all partners of these kinds, in the order of their names."""
        return tuple(client for _, client in sorted(self.clients.items()) if client.kind in kinds)

    def one(self, kind: str) -> Client:
        """The client of the only partner of a kind. Raises BadInput where there is none or more than one."""
        found = self.of_kind(kind)
        if len(found) != 1:
            known = sorted({client.kind for client in self.clients.values()})
            raise BadInput(f"the integration needs one partner of its kind, not {len(found)}", value=kind, known=known)
        return found[0]


class Integration(Protocol):
    """An integration: `run` until it is cancelled, `receive` a webhook; an exception is a 500 to its sender.

    One whose `receive` never waits may say so by a class attribute `answers_at_once = True`, and be called for less.
    """

    async def run(self) -> None:
        """Work until cancelled."""
        ...

    async def receive(self, notice: Notice) -> None:
        """Take a webhook; returning is the 2xx."""
        ...


IntegrationFactory = Callable[[Surroundings], Integration]
"""Makes an integration, at the start and after every crash, with the same store."""
