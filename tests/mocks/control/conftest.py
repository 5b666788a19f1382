"""A control room without sockets: a small world, its clock on the loop of the test, and somebody who asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import pytest

from seatrial.control import furnish
from seatrial.mocks.control.room import ControlRoom
from seatrial.mocks.wire.receiver import Stranger
from seatrial.mocks.wire.waterfront import Waterfront, wire_evidence
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.notice import Notice
from seatrial.sim.receiver import Finished

PORT = 9000
SCENARIO = """
name: harbour
asks: x
start: 2026-03-02 08:00:00
duration: 1 d
calm: 1 h
world: {world}
demand: {{kind: synthetic, arrivals: {{kind: poisson, rate: 100/h}}, skus: 20}}
"""


class Nobody:
    """An integration that is not there."""

    up = False

    frozen = False

    def deliver(self, notice: Notice, finished: Finished) -> None:
        raise AssertionError("nobody is up")

    def crash(self, down_for: float) -> None:
        raise AssertionError("nobody can die")

    def freeze(self, lasts: float) -> None:
        raise AssertionError("nobody can die")


class Reply(msgspec.Struct):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]

    @property
    def message(self) -> str:
        return self.json["error"]["message"]


class Scene:
    """A control room and all around it."""

    def __init__(self, world: str = "standard", pace: float = 1.0, **options: Any) -> None:
        loaded = parse_scenario(SCENARIO.format(world=world))
        self.failures: list[BaseException] = []
        self.world = embark(loaded, 1, "resilient", lambda env: wire_evidence(env, None), pace).world
        self.waterfront = Waterfront(self.world, Stranger(), self.failures.append)
        self.clock = self.waterfront.clock
        self.room: ControlRoom = furnish(self.waterfront, "harbour", self.failures.append, **options)

    def open(self) -> None:
        self.world.open_doors(dict.fromkeys(self.world.partners, Nobody()))
        self.waterfront.trade()

    def scope(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """A request's scope as uvicorn would give it; `host` is our own address where nothing else is said."""
        given = {"host": f"127.0.0.1:{PORT}", **headers}
        return {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value],
            "server": ("127.0.0.1", PORT),
            "extensions": {},
        }

    async def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """One request; `body` is JSON unless it is bytes already."""
        path, _, query = target.partition("?")
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"x-seatrial-token": self.room.token if token is None else token}
        given |= {"content-type": "application/json"} if data else {}
        given |= dict(headers or {})
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.room(self.scope(method, path, query, given), receive, send)
        headers_sent = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], headers_sent, b"".join(each.get("body", b"") for each in sent[1:]))


Play = Callable[[Scene], Awaitable[None]]


@pytest.fixture
def played() -> Callable[..., Scene]:
    """Plays something in a scene, on a loop of its own; nothing of ours may fail meanwhile."""

    def play(part: Play, **options: Any) -> Scene:
        scene = Scene(**options)

        async def whole() -> None:
            scene.open()
            try:
                async with asyncio.timeout(20):
                    await part(scene)
            finally:
                await scene.room.end()
                scene.clock.stop()

        asyncio.run(whole())
        assert not scene.failures
        return scene

    return play


@pytest.fixture
def scene_of() -> Callable[..., Scene]:
    """Makes a scene whose doors its user opens."""
    return Scene
