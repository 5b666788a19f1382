"""The event bus of an integration: what was taken in waits there until it is worked off."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

import msgspec

from seatrial.sim.errors import Refused
from seatrial.sim.store import Record


class BusDown(Refused):
    """The bus does not take the message: who handed it in has to try again."""


class Delivery(msgspec.Struct, frozen=True):
    """A message as the bus hands it out: again, if nobody said that it was worked off."""

    record: Record
    """The message."""
    acknowledge: Callable[[], Awaitable[None]]
    """Say that it was worked off; a bus that does not hear it delivers the message again."""


class Bus(Protocol):
    """Keeps messages between those who take them in and those who work on them: at least once, in their order.

    After a crash everything that was not acknowledged is delivered again, older messages before younger ones. A bus
    that was lost is looked for until it is back.
    """

    async def publish(self, number: str, record: Record) -> None:
        """Hand a message in, by its number; returns once the bus has it for good. Raises BusDown."""
        ...

    def deliveries(self) -> AsyncGenerator[Delivery, None]:
        """What waits and what comes, for ever."""
        ...
