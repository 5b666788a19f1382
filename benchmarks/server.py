"""A partner's server against a bare Starlette handler on the same server and core: a sales order of ten lines by POST.

The bare handler decodes the order, looks its key up in a dict and stores it. The partner does its real work: key check,
order book, evidence. Prints requests per second and p99 of both, in turn, and their ratios (at least 0.8; p99 at most 3
times as long); and what armed rules that strike nothing cost (at least 0.9).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from seatrial.mocks.wire.harbour import Harbour
from seatrial.mocks.wire.receiver import Stranger
from seatrial.mocks.wire.waterfront import Waterfront, wire_evidence
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.loop import relaxed_gc
from seatrial.sim.runfolder import RunFolder

LEAST, MOST_P99, LEAST_ARMED = 0.8, 3.0, 0.9
CONNECTIONS = 64
SCENARIO = """
name: server-benchmark
asks: How many requests a second?
start: 2026-03-02 00:00:00
duration: 1 d
calm: 1 h
demand: {kind: synthetic, arrivals: {kind: constant, rate: 1/h}, skus: 50}
partners:
  erp:
    conduct:
      latency: {kind: constant, value: 0 s}
      auth: {kind: none}
      limits: {"*": {kind: token_bucket, rate: 1000000/s, burst: 1000000}}
"""
IDLE = """
faults:
  - {fault: lost_reply, at: erp.create_sales_order, key: "NOBODY-*"}
  - {fault: latency, at: erp, key: "NOBODY-*"}
"""


def line(number: int) -> dict[str, Any]:
    """One of ten lines; prices are not looked at when an order is entered."""
    return {"sku": f"SKU-{number + 1:04d}", "quantity": 1, "unit_price": 100}


def bodies(count: int, run: str) -> list[tuple[str, bytes]]:
    """Keys and sales orders."""
    lines = [line(number) for number in range(10)]
    return [
        (
            f"{run}-{number}",
            json.dumps(
                {
                    "order_no": f"{run}-{number}", "channel": "storefront", "customer_no": "C-1", "currency": "GBP",
                    "lines": lines,
                }
            ).encode(),
        )
        for number in range(count)
    ]  # fmt: skip


async def bare(port: Any) -> None:
    """A Starlette handler that decodes, checks a dict and stores."""
    seen: dict[str, bytes] = {}

    async def take(request: Request) -> JSONResponse:
        key = request.headers.get("idempotency-key", "")
        if key in seen:
            return JSONResponse({"id": "known"})
        order = await request.json()
        seen[key] = order["order_no"]
        return JSONResponse({"id": f"SO-{len(seen)}"})

    app = Starlette(routes=[Route("/sales-orders", take, methods=["POST"])])
    config = uvicorn.Config(app, port=0, host="127.0.0.1", log_config=None, access_log=False, loop="none", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn tells it no other way)
        await asyncio.sleep(0.01)
    port.send(server.servers[0].sockets[0].getsockname()[1])
    await serving


async def partner(port: Any, faults: str) -> None:
    """The ERP of a world, evidence on."""
    with TemporaryDirectory() as place, relaxed_gc():
        folder = RunFolder.create(place)
        expedition = embark(
            parse_scenario(SCENARIO + faults), 1, "resilient", lambda env: wire_evidence(env, folder.path)
        )
        front = Waterfront(expedition.world, Stranger(), lambda error: sys.exit(repr(error)))
        await front.open()
        front.trade()
        assert isinstance(front.harbour, Harbour)
        await save_customer(front.harbour.ports["erp"])
        port.send(front.harbour.ports["erp"])
        await asyncio.Event().wait()


async def save_customer(port: int) -> None:
    """The ERP enters orders of customers that it knows."""
    body = b'{"customer_no":"C-1","name":"A","email":"a@example.org","country":"UK"}'
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of("/customers", "c", body))
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


def request_of(path: str, key: str, body: bytes) -> bytes:
    """A POST as a client with few headers sends it."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nidempotency-key: {key}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def serve(port: Any, serving: Callable[..., Awaitable[None]], *arguments: str) -> None:
    """Run a server on the first processor, on uvloop."""
    import uvloop

    os.sched_setaffinity(0, {0})
    uvloop.run(serving(port, *arguments))


async def load(port: int, requests: list[tuple[str, bytes]]) -> tuple[float, float]:
    """Send all of them over so many connections; requests a second and p99 in milliseconds."""
    left = iter(requests)
    waits: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for key, body in left:
            sent = perf_counter()
            writer.write(request_of("/sales-orders", key, body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            waits.append(perf_counter() - sent)
            assert head.startswith(b"HTTP/1.1 200"), (head, answer)
        writer.close()

    began = perf_counter()
    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return len(requests) / (perf_counter() - began), sorted(waits)[int(len(waits) * 0.99)] * 1e3


def started(serving: Callable[..., Awaitable[None]], *arguments: str) -> tuple[multiprocessing.Process, int]:
    """A server in a process of its own, and its port."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(theirs, serving, *arguments), daemon=True)
    process.start()  # type: ignore[attr-defined]
    return process, int(ours.recv())  # type: ignore[return-value]


def spent(process: Any) -> float:
    """Processor seconds of a server so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure in turn, print medians."""
    import uvloop

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    servers = {"bare": started(bare), "partner": started(partner, ""), "armed": started(partner, IDLE)}
    os.sched_setaffinity(0, {os.cpu_count() - 1 if os.cpu_count() else 0})  # type: ignore[operator]
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
    for name, (_, port) in servers.items():
        uvloop.run(load(port, bodies(2_000, f"{name}-warm")))
    for number in range(options.rounds):
        for name, (process, port) in servers.items():
            requests, before = bodies(options.requests, f"{name}-{number}"), spent(process)
            rate, p99 = uvloop.run(load(port, requests))
            found[name].append((rate, p99, options.requests / (spent(process) - before)))
    middle = {
        name: [sorted(column)[len(column) // 2] for column in zip(*rows, strict=True)] for name, rows in found.items()
    }
    for name, (rate, p99, per_core) in middle.items():
        print(f"{name:8}  {rate:8,.0f} requests/s, p99 {p99:6.2f} ms, {per_core:8,.0f} per processor second")
    ratio, slower = middle["partner"][2] / middle["bare"][2], middle["partner"][1] / middle["bare"][1]
    armed = middle["armed"][2] / middle["partner"][2]
    print(f"ratio     {ratio:.2f} of bare Starlette (at least {LEAST}), p99 {slower:.2f} times (at most {MOST_P99})")
    print(f"armed     {armed:.2f} of the server without rules (at least {LEAST_ARMED})")
    for process, _ in servers.values():
        process.terminate()
    return 0 if ratio >= LEAST and slower <= MOST_P99 and armed >= LEAST_ARMED else 1


if __name__ == "__main__":
    sys.exit(main())
