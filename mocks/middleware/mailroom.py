"""The mailroom: takes messages in once, works on them lane by lane, and tries again what failed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.files import INBOX, MARK, Message, NotYet
from seatrial.sim.errors import CallError
from seatrial.sim.integration import Surroundings
from seatrial.sim.store import Write

Handler = Callable[[Message], Awaitable[None]]
"""Works on a message; raising CallError or NotYet means: later again."""
DELAYS = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
"""Seconds between deliveries of a message that fails."""


class Mailroom:
    """Inbox, lanes and dead letters.

    One message of a lane is worked on at a time. With `inbox` a message is stored before its sender is told, and a
    number that is known is not taken again. With `dead_letter` a failed message comes again after
    a while, and after `dead_after` deliveries goes to people and is replayed every `replay_every`.
    """

    def __init__(
        self, around: Surroundings, controls: Controls, tasks: asyncio.TaskGroup, handlers: Mapping[str, Handler]
    ) -> None:
        self._around = around
        self._store = around.store
        self._controls = controls
        self._tasks = tasks
        self._handlers = handlers
        self._lanes: dict[str, deque[Message]] = {}
        self._known: deque[tuple[float, str]] = deque()
        self.on_dead: Handler | None = None

    async def recover(self) -> None:
        """After a restart: take up again what was not worked off."""
        for number, record in await self._store.scan(INBOX):
            if isinstance(record, Message):
                self._dispatch(msgspec.structs.replace(record, deliveries=record.deliveries + 1))
            else:
                self._known.append((self._around.now(), number))

    async def take(self, message: Message) -> None:
        """Take a message in; returns once it is safe to tell the sender so."""
        if message.topic not in self._handlers:
            return
        if self._controls.inbox and not await self._store.insert(INBOX, message.message_no, message):
            return
        self._dispatch(message)

    async def forget(self) -> None:
        """Drop numbers that are older than the memory."""
        limit = self._around.now() - self._controls.memory
        old: list[Write] = []
        while self._known and self._known[0][0] < limit:
            old.append(Write(INBOX, self._known.popleft()[1], None))
        await self._store.commit(*old)

    def _dispatch(self, message: Message) -> None:
        lane = self._lanes.get(message.lane)
        if lane is not None:
            lane.append(message)
            return
        self._lanes[message.lane] = deque((message,))
        self._tasks.create_task(self._drain(message.lane))

    async def _drain(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            await self._work(lane.popleft())
        del self._lanes[name]

    async def _work(self, message: Message) -> None:
        try:
            await self._handlers[message.topic](message)
        except (CallError, NotYet) as error:
            await self._failed(message, error)
        else:
            await self._done(message)

    async def _done(self, message: Message) -> None:
        if not self._controls.inbox:
            return
        await self._store.commit(Write(INBOX, message.message_no, MARK))
        self._known.append((self._around.now(), message.message_no))

    async def _failed(self, message: Message, error: Exception) -> None:
        if not self._controls.dead_letter:
            self._around.note("dropped", message.message_no, message.lane, detail=_why(message, error))
            await self._done(message)
            return
        again = msgspec.structs.replace(message, deliveries=message.deliveries + 1)
        if self._controls.inbox:
            await self._store.commit(Write(INBOX, again.message_no, again))
        self._tasks.create_task(self._later(again, error))

    async def _later(self, message: Message, error: Exception) -> None:
        """Wait; hand over to people on the way where it has failed too often."""
        count, dead_after = message.deliveries, self._controls.dead_after
        if count < dead_after:
            await asyncio.sleep(DELAYS[min(count, len(DELAYS)) - 1])
        else:
            if count == dead_after:
                await self._bury(message, error)
            await asyncio.sleep(self._controls.replay_every)
            self._around.note("replayed", message.message_no, message.lane, detail=message.topic)
        self._dispatch(message)

    async def _bury(self, message: Message, error: Exception) -> None:
        self._around.note("dead_letter", message.message_no, message.lane, detail=_why(message, error))
        if self.on_dead is not None:
            try:
                await self.on_dead(message)
            except CallError:
                self._around.note("exception_unheard", message.message_no, message.lane)


def _why(message: Message, error: Exception) -> str:
    return f"{message.topic}: {error}"[:120]
