"""The integration under test as a world knows it: what it is given, what it must offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from seatrial.sim.client import Client
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

    def of_kind(self, *kinds: str) -> tuple[Client, ...]:
        """The clients of all partners of these kinds, in the order of their names."""
        return tuple(client for _, client in sorted(self.clients.items()) if client.kind in kinds)

    def one(self, kind: str) -> Client:
        """The client of the only partner of a kind."""
        (client,) = self.of_kind(kind)
        return client


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
