"""Which HTTP client, and which server for webhooks, carry a reference integration.

A tiny server in a process of its own answers each POST with a small JSON document; the clients keep 64 connections
busy from one process, as an integration does. The server side is measured with the quickest of the clients. Rounds are
interleaved; a figure is the median of its rounds, a ratio the median of the rounds' ratios.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import aiohttp
import httpx
import uvicorn
import uvloop
from aiohttp import web

from seatrial.mocks.hosting.addresses import PartnerAt
from seatrial.mocks.hosting.http_client import HttpClient, open_session
from seatrial.mocks.messages.channel import AcknowledgeOrder
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.operation import Operation

ROUNDS, AT_ONCE, SECONDS = 5, 64, 1.5
REPLY = b'{"order_no":"MP-1"}'
REQUEST = b'{"order_no":"MP-1"}'
PATH = "/orders/MP-1/acknowledgement"
Ask = Callable[[], Awaitable[object]]


async def bare(_: Any, receive: Any, send: Any) -> None:
    """The leanest thing that uvicorn can serve."""
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(REPLY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": REPLY})


def serve_asgi(port: Any) -> None:
    async def main() -> None:
        config = uvicorn.Config(bare, port=0, log_config=None, access_log=False, loop="none", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 (uvicorn tells it no other way)
            await asyncio.sleep(0.01)
        port.send(server.servers[0].sockets[0].getsockname()[1])
        await serving

    uvloop.run(main())


def serve_aiohttp(port: Any) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return web.Response(body=REPLY, content_type="application/json")

    async def main() -> None:
        runner = web.ServerRunner(web.Server(answer, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    uvloop.run(main())


def server(serve: Callable[[Any], None]) -> tuple[multiprocessing.Process, int]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    process.start()
    return process, here.recv()


async def rate(ask: Ask) -> float:
    """Requests a second, with so many under way at a time."""
    await ask()
    done, until = 0, time.perf_counter() + SECONDS

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await ask()
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - began)


async def with_httpx(port: int) -> float:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(limits=limits) as client:

        async def ask() -> None:
            await client.post(f"http://127.0.0.1:{port}{PATH}", content=REQUEST)

        return await rate(ask)


async def with_aiohttp(port: int) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask() -> None:
            async with session.post(f"http://127.0.0.1:{port}{PATH}", data=REQUEST) as reply:
                await reply.read()

        return await rate(ask)


async def with_ours(port: int) -> float:
    """The typed client: the request from its declaration, the reply decoded and checked."""
    kind: Any = Catalogue("partners").get("marketplace")
    operations: dict[type, Operation] = dict(kind.operations)
    async with open_session() as session:
        at = PartnerAt("marketplace", "marketplace", f"http://127.0.0.1:{port}", token="t")
        client = HttpClient(at, operations, session)

        async def ask() -> None:
            await client.call(AcknowledgeOrder("MP-1"), idempotency_key="MP-1/acknowledged")

        return await rate(ask)


CASES: dict[str, tuple[Callable[[int], Awaitable[float]], Callable[[Any], None]]] = {
    "aiohttp client -> raw ASGI on uvicorn": (with_aiohttp, serve_asgi),
    "httpx client -> raw ASGI on uvicorn": (with_httpx, serve_asgi),
    "our typed client -> raw ASGI on uvicorn": (with_ours, serve_asgi),
    "aiohttp client -> aiohttp server": (with_aiohttp, serve_aiohttp),
}


def main() -> int:
    servers = {serve: server(serve) for serve in (serve_asgi, serve_aiohttp)}
    found: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(ROUNDS):
        for name, (client, serve) in CASES.items():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                found[name].append(runner.run(client(servers[serve][1])))  # type: ignore[arg-type]
    for process, _ in servers.values():
        process.terminate()
    base = found["aiohttp client -> raw ASGI on uvicorn"]
    ratios = {name: median(a / b for a, b in zip(each, base, strict=True)) for name, each in found.items()}
    for name, each in found.items():
        print(f"{name:42} {median(each):9,.0f} requests/s   {ratios[name]:5.2f} of bare aiohttp")
    return 0 if ratios["our typed client -> raw ASGI on uvicorn"] >= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
