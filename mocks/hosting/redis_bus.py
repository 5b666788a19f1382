"""The event bus on Redis Streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from seatrial.mocks.hosting.codec import read_record, write_record
from seatrial.mocks.hosting.delivered import Delivered
from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.sim.bus import BusDown, Delivery
from seatrial.sim.errors import BadInput
from seatrial.sim.store import Record

_GROUP: Final = "integration"
_MEMBER: Final = "worker"  # one process works on a stream at a time, and takes up what its last life left
_PATIENCE: Final = 3.0  # seconds until the bus has answered
_BLOCK: Final = 1000  # milliseconds for which one read waits for news
_PAUSE: Final = 0.5  # seconds between attempts to reach a bus that is away
_AT_ONCE: Final = 64
_BROKEN: Final = (RedisError, OSError, TimeoutError)


class RedisBus:
    """One stream with one consumer group; see `Bus`. Open it with `connect`.

    At the start, and after the bus was away, what was delivered and not acknowledged is read first, so that it keeps
    its place before younger messages. What is worked off is deleted. How much of it survives the death of the Redis
    server itself is a setting of that server (`appendonly`).
    """

    def __init__(self, link: Any, name: str) -> None:
        self._link = link
        self._stream = f"seatrial:{name}"
        self._delivered: Delivered[str] = Delivered()

    @classmethod
    async def connect(cls, url: str, name: str) -> RedisBus:
        """Open the stream `seatrial:<name>`. Raises Unavailable without a server, BadInput for no URL of one."""
        try:
            link = Redis.from_url(
                url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE, retry=Retry(NoBackoff(), 0)
            )
        except ValueError as error:
            raise BadInput("not the address of a Redis server", value=url, hint=str(error)) from error
        bus = cls(link, name)
        try:
            await bus.prepare()
        except _BROKEN as error:
            await bus.close()
            hint = f"{str(error) or type(error).__name__}; start one with `redis-server`, or name another"
            raise Unavailable("there is no Redis server that lets us in", value=url, hint=hint) from error
        return bus

    async def publish(self, number: str, record: Record) -> None:
        """Hand a message in. Raises BusDown."""
        kind, body = write_record(record)
        try:
            await self._link.xadd(self._stream, {"number": number, "kind": kind, "body": body})
        except _BROKEN as error:
            raise BusDown(f"the bus does not take it: {error!r}") from error

    async def deliveries(self) -> AsyncGenerator[Delivery, None]:
        """What waits and what comes, for ever."""
        place = ""
        while True:
            try:
                if not place:
                    await self.prepare()
                    place = "0"
                entries = await self._read(place)
            except _BROKEN:
                place = ""
                await asyncio.sleep(_PAUSE)
                continue
            for number, fields in entries:
                delivery = await self._unpack(number, fields)
                if delivery is not None:
                    yield delivery
            if place != ">":  # through what was left, then on to what is new
                place = entries[-1][0] if entries else ">"

    async def close(self) -> None:
        """Let go of the bus."""
        with suppress(*_BROKEN):
            await self._link.aclose()

    async def prepare(self) -> None:
        """Make stream and group if they are new."""
        try:
            await self._link.xgroup_create(self._stream, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _read(self, place: str) -> list[tuple[str, dict[bytes, bytes]]]:
        block = _BLOCK if place == ">" else None
        found = await self._link.xreadgroup(_GROUP, _MEMBER, {self._stream: place}, count=_AT_ONCE, block=block)
        streams = found.values() if isinstance(found, dict) else [entries for _, entries in found or ()]
        entries = [entry for each in streams for entry in each]
        return [(number.decode(), fields) for number, fields in entries]

    async def _unpack(self, number: str, fields: dict[bytes, bytes] | None) -> Delivery | None:
        if not self._delivered.hand_out(number, number):
            if self._delivered.is_worked_off(number):
                await self._acknowledge(number)
            return None
        if not fields:  # its text is gone, only its number is left
            await self._acknowledge(number)
            return None
        record = read_record(fields[b"kind"].decode(), fields[b"body"])
        return Delivery(record, partial(self._acknowledge, number))

    async def _acknowledge(self, number: str) -> None:
        self._delivered.work_off(number)
        with suppress(*_BROKEN):  # else it comes again, and is known
            async with self._link.pipeline(transaction=True) as both:
                both.xack(self._stream, _GROUP, number)
                both.xdel(self._stream, number)
                await both.execute()
