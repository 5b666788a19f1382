"""Laws of partners before clients that mean no good: each gets its refusal, nobody else waits, and the run goes on."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import polars as pl
import pytest
from aiohttp import web

from seatrial.control import furnish
from seatrial.mocks.wire import asgi, connection
from seatrial.mocks.wire.receiver import Stranger
from seatrial.mocks.wire.waterfront import Waterfront, wire_evidence
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario
from seatrial.sim.live_evidence import LiveEvidence
from seatrial.sim.session import Subscription

pytestmark = pytest.mark.wire
SOON = 0.3
"""Seconds that patience is cut down to where it is tried."""


class Front:
    """A small world that stands open to everybody."""

    def __init__(self, folder: Path) -> None:
        loaded = load_scenario("fidelity/lost-replies", {"faults": "[]"})
        expedition = embark(loaded, 1, "resilient", lambda env: wire_evidence(env, folder), virtual=False)
        self.failures: list[BaseException] = []
        self.world = expedition.world
        self.front = Waterfront(self.world, Stranger(), self.failures.append)
        self.room = furnish(self.front, "hostile", self.failures.append)

    def port(self, name: str) -> int:
        assert self.front.harbour is not None
        return self.front.harbour.ports[name]

    async def say(self, name: str, *parts: bytes, patience: float = 20.0) -> bytes:
        """Send something to a partner; gives all that it answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port(name))
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(patience):
            answer = await reader.read()
        writer.close()
        return answer

    async def is_well(self) -> bool:
        """Whether a decent client is served."""
        answer = await self.say("erp", b"GET /clock HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return answer.startswith(b"HTTP/1.1 200") and not self.failures


@asynccontextmanager
async def open_front(folder: Path) -> AsyncIterator[Front]:
    made = Front(folder)
    await made.front.open()
    made.front.trade()
    try:
        yield made
    finally:
        await made.front.close()


def sail(folder: Path, play: Callable[[Front], Awaitable[None]]) -> None:
    async def main() -> None:
        async with open_front(folder) as front:
            await play(front)
            assert await front.is_well()

    asyncio.run(main())


def head(request: str, *headers: str) -> bytes:
    return "\r\n".join((f"{request} HTTP/1.1", "host: x", "connection: close", *headers, "", "")).encode()


def posted(body: bytes, kind: str = "application/json") -> tuple[bytes, bytes]:
    return head("POST /sales-orders", f"content-type: {kind}", f"content-length: {len(body)}"), body


REFUSED = {
    "garbage": ((b"\x16\x03\x01\x02\x00\x01hello\r\n\r\n",), 400, "invalid_request"),
    "no method of HTTP": ((head("HOLA /"),), 400, "invalid_request"),
    "an unknown route": ((head("GET /treasure"),), 404, "unknown_route"),
    "the server itself": ((head("OPTIONS *"),), 404, "unknown_route"),
    "another method": ((head("DELETE /sales-orders"),), 405, "method_not_allowed"),
    "another type": (posted(b"<order/>", "text/xml"), 415, "unsupported_media_type"),
    "no JSON": (posted(b"{"), 400, "invalid_request"),
    "deep JSON": (posted(b"[" * 100_000), 400, "invalid_request"),
    "deep JSON in a field": (posted(b'{"order_no":' + b'{"a":' * 50_000), 400, "invalid_request"),
    "bad UTF-8": (posted(b'{"order_no":"\xff"}'), 400, "invalid_request"),
    "a body of 100 MB": (
        (head("POST /sales-orders", "content-type: application/json", f"content-length: {100 << 20}"),)
        + (bytes(1 << 20),) * 100,
        413,
        "too_large",
    ),
    "a head of 1 MB": ((head("GET /x", *(f"x-{number}: {'a' * 1000}" for number in range(1000))),), 431, "too_large"),
    "an upgrade": ((head("GET /x", "upgrade: websocket", "connection: upgrade"),), 404, "unknown_route"),
}


@pytest.mark.parametrize("name", ["erp", "storefront"])
@pytest.mark.parametrize("case", REFUSED)
def test_nonsense_gets_the_partners_own_refusal(case: str, name: str, tmp_path: Path) -> None:
    """Whatever is sent is answered with a status and in the error shape of the partner, and harms nobody else."""
    parts, status, code = REFUSED[case]

    async def play(front: Front) -> None:
        if b"/sales-orders" in parts[0] and name != "erp":
            return
        try:
            answer = await front.say(name, *parts)
        except ConnectionError:
            assert status == 431  # it was still talking when we hung up
            return
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
        body = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])
        assert body["error"]["code"] == code

    sail(tmp_path, play)


def test_what_cannot_be_read_stands_in_the_evidence(tmp_path: Path) -> None:
    """With the operation, the order, and what was wrong; what is no operation at all leaves nothing."""

    async def play(front: Front) -> None:
        await front.say("erp", *posted(b'{"order_no": "SF-1"}'))
        await front.say("erp", *REFUSED["an unknown route"][0])
        rows = front.world.evidence.frame().filter(pl.col("kind").is_in(["call", "note"])).rows(named=True)
        told = [(row["operation"], row["correlation"], row["code"] or row["document_id"]) for row in rows]
        why = "erp.create_sales_order: Object missing required field `channel`"
        assert told == [("create_sales_order", "SF-1", "invalid_request"), ("unread", "SF-1", why)]

    sail(tmp_path, play)


def test_a_hundred_megabytes_stay_out_of_memory(tmp_path: Path) -> None:
    """Bodies that are too large are thrown away as they come: ten of them at a time leave memory as it was."""

    async def play(front: Front) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answers = await asyncio.gather(*(front.say("erp", *REFUSED["a body of 100 MB"][0]) for _ in range(4)))
        assert {answer[:12] for answer in answers} == {b"HTTP/1.1 413"}
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 << 10  # KB; 400 MB were sent

    sail(tmp_path, play)


@pytest.mark.parametrize(
    "parts",
    [
        (b"GET /clock HTT",),
        (b"POST /sales-orders HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",),
    ],
)
def test_whoever_dawdles_is_told_so(parts: tuple[bytes, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that does not come to an end in its time is answered 408; a connection without one is closed."""
    monkeypatch.setattr(connection, "SLOWEST", SOON)
    monkeypatch.setattr(asgi, "SLOWEST", SOON)
    monkeypatch.setattr(connection, "SILENT", SOON)

    async def play(front: Front) -> None:
        answer = await front.say("erp", *parts)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"too_slow"' in answer
        assert await front.say("erp") == b""

    sail(tmp_path, play)


def test_a_crowd_of_the_silent_keeps_nobody_out(tmp_path: Path) -> None:
    """The silent make room for those that ask; a partner's crowd is none of the others' business."""

    async def play(front: Front) -> None:
        crowd = [await asyncio.open_connection("127.0.0.1", front.port("erp")) for _ in range(1100)]
        await asyncio.sleep(1.2)
        assert await front.is_well()
        for _, writer in crowd:
            writer.close()

    sail(tmp_path, play)


def test_a_crowd_of_talkers_is_bounded(tmp_path: Path) -> None:
    """Where every connection is in use, one more is refused, at this partner alone."""
    busy = b"GET /clock HTTP/1.1\r\nhost: x\r\n\r\n"

    async def play(front: Front) -> None:
        crowd = []
        for _ in range(1000):
            reader, writer = await asyncio.open_connection("127.0.0.1", front.port("erp"))
            writer.write(busy)
            await reader.readuntil(b"}")
            crowd.append(writer)
        assert (await front.say("erp", head("GET /clock"))).startswith(b"HTTP/1.1 503 ")
        assert (await front.say("desk", head("GET /clock"))).startswith(b"HTTP/1.1 200 ")
        for writer in crowd:
            writer.close()
        await asyncio.sleep(0.2)

    sail(tmp_path, play)


def test_a_flood_of_requests_lets_others_through(tmp_path: Path) -> None:
    """While one client sends requests as fast as it can, another is served."""

    async def flood(front: Front) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port("erp"))
        while True:
            writer.write(b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n" * 50)
            await writer.drain()
            await reader.read(1 << 16)

    async def play(front: Front) -> None:
        floods = [asyncio.create_task(flood(front)) for _ in range(20)]
        for _ in range(10):
            async with asyncio.timeout(10):
                assert await front.is_well()
        for each in floods:
            each.cancel()

    sail(tmp_path, play)


def test_a_number_beyond_all_bounds_does_not_end_the_run(tmp_path: Path) -> None:
    """Quantities and attempts that no column holds stand in the log as the largest that makes sense."""
    evidence = LiveEvidence(lambda: 1.0, tmp_path)
    evidence.commit("erp", "enter", "sales_order", "SF-1", "SF-1", "created", "SO-1", 10**30, -(10**40))
    evidence.call("erp", "enter", "sales_order", "SF-1", "SF-1", 10**9, "ok", 200, 0.1, "")
    evidence.close()
    rows = evidence.frame().select("quantity", "amount", "attempt").rows()
    assert rows == [(10**15, -(10**15), 0), (0, 0, 2**15 - 1)]


ADDRESSES = (
    "garbage",
    "file:///etc/passwd",
    "http://127.0.0.1:99999/",
    "http://[::1",
    "http://x y/",
    f"http://{'a' * 300}/",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_is_a_failed_webhook(address: str, tmp_path: Path) -> None:
    """Wherever an integration has its webhooks sent, the worst is that they do not arrive."""

    async def play(front: Front) -> None:
        post = front.world.partners["storefront"].post
        post.subscribe(address)
        post.send("order.created", "K", "K", Subscription(active=True))
        front.front.clock.arm()
        while not post.waiting:  # noqa: ASYNC110 (a world has no events for that)
            await asyncio.sleep(0.05)

    sail(tmp_path, play)


def test_an_endless_answer_to_a_webhook_is_not_read(tmp_path: Path) -> None:
    """Of what a receiver says only the status counts: a body without an end costs no memory and no time."""

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(bytes(1 << 16))

    async def play(front: Front) -> None:
        app = web.Application()
        app.router.add_post("/{tail:.*}", endless)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        post = front.world.partners["storefront"].post
        post.subscribe(f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        post.send("order.created", "K", "K", Subscription(active=True))
        front.front.clock.arm()
        async with asyncio.timeout(20):
            while front.world.evidence.frame().filter(outcome="ok").is_empty():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
        await runner.cleanup()

    sail(tmp_path, play)


def test_a_query_without_end_is_refused_by_the_control_room(tmp_path: Path) -> None:
    """Too many fields are the client's fault, not ours."""

    async def play(front: Front) -> None:
        host = f"host: 127.0.0.1:{front.port('control')}\r\n"
        request = f"GET /?{'a=1&' * 100} HTTP/1.1\r\n{host}connection: close\r\n\r\n"
        assert (await front.say("control", request.encode())).startswith(b"HTTP/1.1 400 ")

    sail(tmp_path, play)
