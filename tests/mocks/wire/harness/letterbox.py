"""An integration that only listens, on a real socket, and a partner that tells it things by webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec

from seatrial.mocks.wire.waterfront import Waterfront
from seatrial.sim.assortment import Assortment
from seatrial.sim.conduct import Conduct
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.latency import Constant
from seatrial.sim.partner import Partner
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.quantities import Seconds
from seatrial.sim.world import World

SEED, EVENT = 11, "order.placed"


class Told(msgspec.Struct, frozen=True):
    """What a webhook says."""

    text: str = ""


class Teller(Partner):
    """A partner that tells whatever it is given."""

    kind = "teller"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    events: ClassVar[Mapping[str, type[msgspec.Struct]]] = {EVENT: Told}


class Letter(msgspec.Struct, frozen=True):
    """A webhook as it arrived."""

    at: float
    """Second of the run, by the partner's clock."""
    path: str
    """Where it was sent."""
    headers: dict[str, str]
    """All its headers, by name in lower case."""
    body: bytes
    """Its body, as sent."""

    @property
    def notice(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body, type=dict[str, Any])


class Letterbox:
    """The integration's process: it notes what arrives and answers as it is told. It dies and comes back when killed,
    its connections with it; how a frozen one behaves is for others to show.
    """

    def __init__(self) -> None:
        self.up = False
        self.down_for = self.frozen_for = 0.0
        self.letters: list[Letter] = []
        self.answer: Callable[[int], int] = lambda number: 200
        """HTTP status for a letter, by its number from 1; 0: none at all."""
        self.clock: Callable[[], float] = lambda: 0.0
        self.pace = 1.0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._callers: list[asyncio.StreamWriter] = []

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.up = True

    def close(self) -> None:
        self.up = False
        if self._server is not None:
            self._server.close()
        for each in self._callers:
            each.transport.abort()
        self._callers.clear()

    def crash(self, down_for: float) -> None:
        self.down_for = down_for
        self.close()
        loop = asyncio.get_running_loop()
        self._rising = loop.call_later(down_for / self.pace, lambda: loop.create_task(self.open()))

    def freeze(self, lasts: float) -> None:
        self.frozen_for = lasts

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.append(writer)
        try:
            while True:
                await self._take(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in head[1:] if each)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.letters.append(Letter(self.clock(), head[0].split(" ")[1], headers, body))
        status = self.answer(len(self.letters))
        if status:
            writer.write(b"HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n" % (status, HTTPStatus(status).phrase.encode()))


class Town:
    """The partner, its server and the integration, open."""

    def __init__(self, policy: Webhooks, rules: Iterable[Rule], pace: float) -> None:
        start, goods = datetime(2011, 12, 1, 8, tzinfo=UTC), Assortment("GBP", {})
        self.failures: list[BaseException] = []
        self.world = World(SEED, start, goods, lambda env: Evidence(lambda: env.now), pace)
        self.partner = Teller("erp", self.world.ground, Conduct(latency=Constant(Seconds(0.0)), webhooks=policy))
        self.world.add(self.partner)
        self.world.fear(rules)
        self.box = Letterbox()
        self.waterfront = Waterfront(self.world, self.box, self.failures.append)
        self.box.clock, self.box.pace = self.waterfront.clock.now, pace

    def tell(self, key: str = "MP-1", body: msgspec.Struct | Callable[[], msgspec.Struct] | None = None) -> float:
        """Tell something; gives the second of the run."""
        clock = self.waterfront.clock
        now = clock.catch_up()
        self.partner.post.send(EVENT, key, key, body or Told())
        clock.arm()
        return now

    async def letters(self, count: int) -> list[Letter]:
        """What has arrived once so much is here, or will not come any more."""
        for _ in range(400):
            if len(self.box.letters) >= count:
                break
            await asyncio.sleep(0.02)
        return self.box.letters

    async def quiet(self) -> None:
        """Wait until nothing is under way, nor to be tried again, for longer than a webhook needs to its receiver."""
        (receiver,) = self.waterfront._receivers
        looks = 0
        for _ in range(400):
            looks = 0 if receiver._under_way or self.partner.post.pending else looks + 1
            if looks == 8:
                break
            await asyncio.sleep(0.02)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of evidence of all webhooks."""
        return self.world.evidence.frame().filter(kind="webhook").rows(named=True)


@asynccontextmanager
async def town(policy: Webhooks, rules: Iterable[Rule] = (), pace: float = 1.0) -> AsyncIterator[Town]:
    """A partner with this policy and an integration that listens; business time runs."""
    made = Town(policy, rules, pace)
    await made.box.open()
    await made.waterfront.open()
    made.waterfront.subscribe(f"http://127.0.0.1:{made.box.port}/webhooks")
    made.waterfront.trade()
    try:
        yield made
    finally:
        await made.waterfront.close()
        made.box.close()
    assert made.failures == []
