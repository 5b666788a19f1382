"""What the integration says of itself, on its way to the harness: in batches, and never in the way of the work."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import aiohttp
import msgspec

PAUSE: Final = 0.2
"""Seconds between two batches, at least."""
MOST: Final = 20_000
"""Notes and events that wait at most; the oldest are let go first, and their number is told."""
_BATCH: Final = 2_000
_PATIENCE: Final = aiohttp.ClientTimeout(total=2.0)


class Noted(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A note: a retry, a dead letter, an open breaker."""

    name: str
    """What it is."""
    key: str = ""
    """Business key."""
    correlation: str = ""
    """Order number."""
    team: str = ""
    """Team that has to deal with it."""
    quantity: int = 0
    """How many."""
    detail: str = ""
    """In words."""


class Happened(msgspec.Struct, frozen=True, gc=False):
    """A business event of the integration."""

    name: str
    """Name of the event."""
    key: str
    """Business key."""
    order_no: str
    """Order number."""


class Told(msgspec.Struct, frozen=True):
    """Body of a batch."""

    notes: tuple[Noted, ...] = ()
    """Notes, oldest first."""
    events: tuple[Happened, ...] = ()
    """Events, oldest first."""


class Observer:
    """Tells notes and events to the observer's URL; without one it keeps nothing.

    An observer that does not answer 2xx hears the batch again, at least once.
    """

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session
        self._waiting: deque[Noted | Happened] = deque()
        self._lost = 0

    def note(
        self, name: str, key: str = "", correlation: str = "", team: str = "", quantity: int = 0, detail: str = ""
    ) -> None:
        """Write a note down."""
        self._keep(Noted(name, key, correlation, team, quantity, detail))

    def event(self, name: str, key: str, order_no: str) -> None:
        """Write a business event down."""
        self._keep(Happened(name, key, order_no))

    async def run(self) -> None:
        """Tell what there is, for ever."""
        while self._url:
            await asyncio.sleep(PAUSE)
            while len(self._waiting) and await self._tell():
                pass

    async def flush(self) -> None:
        """Tell what is left; gives up at the first batch that is not heard."""
        while self._url and self._waiting and await self._tell():
            pass

    def _keep(self, said: Noted | Happened) -> None:
        if not self._url:
            return
        if len(self._waiting) >= MOST:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(said)

    async def _tell(self) -> bool:
        if self._lost:
            self._waiting.append(Noted("notes_lost", quantity=self._lost))
            self._lost = 0
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        notes = tuple(each for each in batch if isinstance(each, Noted))
        events = tuple(each for each in batch if isinstance(each, Happened))
        heard = False
        try:
            heard = await self._post(msgspec.json.encode(Told(notes, events)))
        finally:
            if not heard:
                self._waiting.extendleft(reversed(batch))
        return heard

    async def _post(self, body: bytes) -> bool:
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session.post(self._url, data=body, headers=headers, timeout=_PATIENCE) as reply:
                await reply.read()
                return 200 <= reply.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
