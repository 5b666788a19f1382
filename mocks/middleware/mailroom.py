"""The mailroom: takes messages in once, works on them lane by lane, and tries again what failed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.files import INBOX, MARK, Message, NotYet
from seatrial.sim.bus import Bus
from seatrial.sim.errors import CallError
from seatrial.sim.integration import Surroundings
from seatrial.sim.store import Write

Acknowledge = Callable[[], Awaitable[None]]
"""Tells the bus that its message is worked off, or put aside."""
Handler = Callable[[Message], Awaitable[None]]
"""Works on a message; raising CallError or NotYet means: later again."""
DELAYS = (1, 2, 4, 10, 20, 30, 60, 120)
"""How many times `again_after` lies between deliveries of a message that fails."""


class Mailroom:
    """Inbox, lanes and dead letters.

    One message of a lane is worked on at a time. With `inbox` a message is stored before its sender is told, and a
    number that is known is not taken again. With `dead_letter` a failed message comes again after
    a while, and after `dead_after` deliveries goes to people and is replayed every `replay_every`.

    With a bus, messages wait there instead of here: `take` publishes, `collect` stores and dispatches what the bus
    delivers, and the bus is told once the work is done. Without one, both are one step.
    """

    def __init__(
        self, around: Surroundings, controls: Controls, tasks: asyncio.TaskGroup, handlers: Mapping[str, Handler]
    ) -> None:
        self._around = around
        self._store = around.store
        self._controls = controls
        self._tasks = tasks
        self._handlers = handlers
        self._lanes: dict[str, deque[tuple[Message, Acknowledge | None]]] = {}
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
        """Take a message in; returns once it is safe to tell the sender so. Raises BusDown."""
        if message.topic not in self._handlers:
            return
        if self._around.bus is not None:
            await self._publish(self._around.bus, message)
            return
        if self._controls.inbox and not await self._store.insert(INBOX, message.message_no, message):
            return
        self._dispatch(message)

    async def collect(self, bus: Bus) -> None:
        """Work on what the bus delivers, for ever. What the inbox has is safe there and not worked on twice."""
        async for delivery in bus.deliveries():
            message = delivery.record
            if isinstance(message, Message) and await self._is_new(message):
                self._dispatch(message, delivery.acknowledge)
            else:
                await delivery.acknowledge()

    async def forget(self) -> None:
        """Drop numbers that are older than the memory."""
        limit = self._around.now() - self._controls.memory
        old: list[Write] = []
        while self._known and self._known[0][0] < limit:
            old.append(Write(INBOX, self._known.popleft()[1], None))
        await self._store.commit(*old)

    async def _is_new(self, message: Message) -> bool:
        """Whether there is work in what the bus delivered; with `inbox` it is stored by then."""
        if message.topic not in self._handlers:
            return False
        return not self._controls.inbox or await self._store.insert(INBOX, message.message_no, message)

    async def _publish(self, bus: Bus, message: Message) -> None:
        if self._controls.inbox and await self._store.read(INBOX, message.message_no) is not None:
            return
        await bus.publish(message.message_no, message)

    def _dispatch(self, message: Message, acknowledge: Acknowledge | None = None) -> None:
        lane = self._lanes.get(message.lane)
        if lane is not None:
            lane.append((message, acknowledge))
            return
        self._lanes[message.lane] = deque(((message, acknowledge),))
        self._tasks.create_task(self._drain(message.lane))

    async def _drain(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            message, acknowledge = lane.popleft()
            try:
                await self._handlers[message.topic](message)
            except (CallError, NotYet) as error:
                await self._failed(message, error)
            else:
                await self._done(message)
            if acknowledge is not None:
                await acknowledge()
        del self._lanes[name]

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
            await self._around.rest(self._controls.again_after * DELAYS[min(count, len(DELAYS)) - 1])
        else:
            if count == dead_after:
                await self._bury(message, error)
            await self._around.rest(self._controls.replay_every)
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
