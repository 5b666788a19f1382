"""The event bus on NATS JetStream."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Final
from urllib.parse import quote

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NothingYet
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header, RetentionPolicy, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from seatrial.mocks.hosting.codec import read_record, write_record
from seatrial.mocks.hosting.delivered import Delivered
from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.sim.bus import BusDown, Delivery
from seatrial.sim.store import Record

_KIND: Final = "Seatrial-Kind"
_PATIENCE: Final = 3.0  # seconds until the bus has answered
_PAUSE: Final = 0.5  # seconds between attempts to reach a bus that is away
_SAME: Final = 600.0  # seconds in which JetStream knows a number again
_UNHEARD: Final = 3600.0  # seconds until JetStream delivers again by itself; a new life does not wait for that
_AT_ONCE: Final = 10_000  # messages handed out and not worked off


class NatsBus:
    """One work-queue stream: a message stays until it is acknowledged; see `Bus`. Open it with `connect`.

    The number of a message is its `Nats-Msg-Id`. One process works on a stream at a time. At its start, and after the
    bus was away, it takes the consumer anew, so that JetStream delivers what is left from the oldest on: that is what
    keeps the order of the lanes.
    """

    def __init__(self, link: Client, name: str) -> None:
        self._link = link
        self._stream = f"SEATRIAL_{name}"
        self._subject = f"seatrial.{name}"
        self._jetstream: JetStreamContext = link.jetstream(timeout=_PATIENCE)
        self._delivered: Delivered[Msg] = Delivered()
        self._lives = 0  # of the connection

    @classmethod
    async def connect(cls, url: str, name: str) -> NatsBus:
        """Open the stream `SEATRIAL_<name>`. Raises Unavailable where there is no JetStream."""
        bus: NatsBus | None = None

        async def back() -> None:
            if bus is not None:
                bus.renew()

        try:
            async with asyncio.timeout(_PATIENCE):
                link = await nats.connect(
                    url,
                    connect_timeout=1,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_PAUSE,
                    error_cb=_quiet,
                    reconnected_cb=back,
                )
                bus = cls(link, name)
                await bus.prepare()
        except (NatsError, OSError, TimeoutError) as error:
            hint = f"{str(error) or type(error).__name__}; start one with `nats-server -js`, or name another"
            raise Unavailable("there is no NATS server with JetStream", value=url, hint=hint) from error
        return bus

    def renew(self) -> None:
        """The connection is a new one: what was under way on the old one is lost."""
        self._lives += 1

    async def publish(self, number: str, record: Record) -> None:
        """Hand a message in. Raises BusDown."""
        if not self._link.is_connected:
            raise BusDown("the bus is away")
        kind, body = write_record(record)
        headers = {Header.MSG_ID.value: quote(number, safe="/:.|"), _KIND: kind}
        try:
            await self._jetstream.publish(self._subject, body, timeout=_PATIENCE, headers=headers)
        except (NatsError, OSError, TimeoutError) as error:
            raise BusDown(f"the bus does not take it: {error!r}") from error

    async def deliveries(self) -> AsyncGenerator[Delivery, None]:
        """What waits and what comes, for ever."""
        while True:
            life = self._lives
            try:
                subscription = await self._subscribe()
            except (NatsError, OSError, TimeoutError):
                await asyncio.sleep(_PAUSE)
                continue
            while life == self._lives:
                with suppress(NothingYet):
                    message = await subscription.next_msg(timeout=_PAUSE)
                    delivery = await self._unpack(message)
                    if delivery is not None:
                        yield delivery
            with suppress(NatsError, OSError):
                await subscription.unsubscribe()

    async def close(self) -> None:
        """Let go of the bus."""
        with suppress(NatsError, OSError, TimeoutError):
            await asyncio.wait_for(self._link.close(), _PATIENCE)

    async def prepare(self) -> None:
        """Make the stream if it is new."""
        await self._jetstream.add_stream(
            StreamConfig(
                name=self._stream,
                subjects=[self._subject],
                retention=RetentionPolicy.WORK_QUEUE,
                duplicate_window=_SAME,
            )
        )

    async def _subscribe(self) -> JetStreamContext.PushSubscription:
        await self.prepare()
        with suppress(NotFoundError):
            await self._jetstream.delete_consumer(self._stream, "integration")
        return await self._jetstream.subscribe(
            self._subject,
            durable="integration",
            stream=self._stream,
            manual_ack=True,
            config=ConsumerConfig(
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=_UNHEARD,
                deliver_policy=DeliverPolicy.ALL,
                max_ack_pending=_AT_ONCE,
            ),
        )

    async def _unpack(self, message: Msg) -> Delivery | None:
        number = str(message.metadata.sequence.stream)
        if not self._delivered.hand_out(number, message):
            if self._delivered.is_worked_off(number):
                await self._acknowledge(number)
            return None
        record = read_record((message.headers or {}).get(_KIND, ""), message.data)
        return Delivery(record, partial(self._acknowledge, number))

    async def _acknowledge(self, number: str) -> None:
        message = self._delivered.work_off(number)
        if message is not None:
            with suppress(NatsError, OSError):  # else it comes again, and is known
                await message.ack()


async def _quiet(error: Exception) -> None:
    """Nothing: the library looks for a bus that is away by itself."""
    if not isinstance(error, NatsError | OSError | TimeoutError):
        print(f"seatrial: the bus: {error!r}", file=sys.stderr)  # noqa: T201 (a program's own words)
