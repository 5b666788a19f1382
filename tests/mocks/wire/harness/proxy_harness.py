"""A proxy in a process of its own before a partner that counts, and a world's desk for it, all on loopback."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from bound import Bound

import seatrial
from seatrial.mocks.wire.proxy_command import command_of, environment_of
from seatrial.mocks.wire.proxy_desk import ProxyDesk, introduction
from seatrial.sim.channel import Mooring, Pier
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Fate
from seatrial.sim.fault import Rule
from seatrial.sim.rulebook import Rulebook

HARNESS = Path(__file__).parent
PLUGIN = os.pathsep.join([str(HARNESS), str(HARNESS.parent / "plugin")])
SCRIPT = Path(seatrial.__file__).parent / "_proxy.py"
SEED = 11
PARTNER, OTHER = "desk", "sandbox"


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@dataclass
class Sight:
    """What a client saw of a call, in the words of the evidence, and how often the partner did the work."""

    outcome: str
    worked: int = 0
    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    waited: float = 0.0
    bytes_at: list[float] = field(default_factory=list)


class Upstream:
    """A partner's server as far as a proxy can see one: it counts, and answers every request alike."""

    def __init__(self) -> None:
        self.requests: list[tuple[float, str, str, dict[str, str], bytes]] = []
        self.connections = 0
        self.status, self.body = 200, b'{"message_no": "N-1", "number": "desk-N1", "filler": "' + b"x" * 80 + b'"}'
        self._server: asyncio.Server | None = None

    async def listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.requests.append((asyncio.get_running_loop().time(), method, path, headers, body))
                said = self.body
                if path == "/sign-in":
                    said = msgspec.json.encode({"since": 50.0, "until": 999.0, "token": "fresh"})
                writer.write(
                    b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (self.status, len(said), said)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class Clock:
    """Business time as the world of a test keeps it."""

    def __init__(self, harness: Harness) -> None:
        self.pace, self.running, self.now = 1.0, True, harness.now


class Harness:
    """World's side, proxy and partner of one test module."""

    def __init__(self, folder: Path, moorings: Sequence[Mooring] = ()) -> None:
        self.folder = folder
        ports = free_ports(5)
        self.piers = (
            Pier(PARTNER, "desk", ports[0], f"http://127.0.0.1:{ports[1]}", slow=0.5),
            Pier(OTHER, "endpoint", ports[2], f"http://127.0.0.1:{ports[3]}", slow=0.5),
            Pier("erp", "erp", ports[4], f"http://127.0.0.1:{ports[1]}", by_token=True, slow=0.5),
        )
        self.moorings = tuple(moorings)
        self.port, self.sandbox_port, self.erp_port = ports[0], ports[2], ports[4]
        self.upstream, self.sandbox = Upstream(), Upstream()
        self._upstream_ports = ports[1], ports[3]
        self.now: Callable[[], float] = lambda: 0.0
        self.lost = asyncio.Event()
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.now = lambda: loop.time() - began
        self.evidence = Evidence(self.now)
        self.rulebook = Rulebook((), Dice(SEED), self.evidence, self.now)
        await self.upstream.listen(self._upstream_ports[0])
        await self.sandbox.listen(self._upstream_ports[1])
        told = introduction(self.piers, self.moorings, SEED, Clock(self))
        self.desk = ProxyDesk(self.rulebook, self.evidence, "secret", told, lambda _: self.lost.set())
        channel = await self.desk.listen()
        path = os.pathsep.join([str(Path(seatrial.__file__).parents[1]), PLUGIN])
        environment = {**os.environ, "PYTHONPATH": path, **environment_of(channel, "secret")}
        command = command_of(self.piers, self.moorings, self.folder, SCRIPT)
        self.process = await asyncio.create_subprocess_exec(*command, env=environment)
        ready, ended = asyncio.ensure_future(self.desk.ready.wait()), asyncio.ensure_future(self.process.wait())
        await asyncio.wait((ready, ended), timeout=30, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        assert ready.done(), "the proxy did not start"

    async def stop(self) -> None:
        assert self.process is not None
        await self.desk.close()
        self.upstream.close()
        self.sandbox.close()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            raise

    async def storm(self, *rules: Rule) -> None:
        """Only these rules are in force from now on, and the proxy knows it."""
        self.desk.disarm()
        for rule in rules:
            self.desk.arm(rule)
        await self.desk.settled()

    def open_files(self) -> int:
        """Files and sockets that the proxy's process holds."""
        assert self.process is not None
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return self.evidence.frame().filter(kind=kind).rows(named=True)

    async def until_told(self, kind: str, count: int) -> list[dict[str, Any]]:
        """The rows of a kind, once there are so many of them."""
        for _ in range(500):
            if len(self.rows(kind)) >= count:
                break
            await asyncio.sleep(0.02)
        return self.rows(kind)


def bound(fate: Fate) -> Any:
    """The fault that chooses this fate, as the proxy's process finds it too."""
    return Bound(type(fate).__name__, msgspec.structs.asdict(fate))


async def observe(
    port: int,
    order: str = "MP-1",
    *,
    timeout: float = 3.0,
    method: str = "POST",
    path: str = "/messages",
    headers: dict[str, str] | None = None,
) -> Sight:
    """Ask through the proxy with a raw socket, as an HTTP client would, and put what was seen into words."""
    body = msgspec.json.encode(
        {"message_no": order, "order_no": order, "audience": "customer", "about": "x", "text": "x", "subject": "x"}
    )
    loop = asyncio.get_running_loop()
    began, sight = loop.time(), Sight("timed_out")
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return Sight("refused")
    said = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    said += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    try:
        async with asyncio.timeout(timeout):
            writer.write(said.encode() + b"\r\n" + body)
            await _read(reader, sight)
    except TimeoutError:
        sight.outcome = "timed_out"
    except ConnectionResetError:
        sight.outcome = "reset"
    except asyncio.IncompleteReadError:
        sight.outcome = "unreadable"
    finally:
        writer.close()
    sight.waited = loop.time() - began
    return sight


async def _read(reader: asyncio.StreamReader, sight: Sight) -> None:
    loop = asyncio.get_running_loop()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    sight.status = int(head[0].split(" ")[1])
    sight.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
    length = int(sight.headers.get("content-length", "0"))
    while len(sight.body) < length:
        part = await reader.read(length - len(sight.body))
        if not part:
            raise asyncio.IncompleteReadError(sight.body, length)
        sight.body += part
        sight.bytes_at.append(loop.time())
    sight.outcome = words_for(sight.status, sight.body)


def words_for(status: int, body: bytes) -> str:
    """What a caller makes of a whole reply."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return "unreadable"
    if status < 300:
        return "ok"
    return "rejected" if "error" in said else "unreadable"
