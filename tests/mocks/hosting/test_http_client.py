"""Laws of the typed client over HTTP: one request a call, and the error that tells what the caller knows."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from seatrial.mocks.hosting.addresses import PartnerAt
from seatrial.mocks.hosting.http_client import HttpClient, open_session
from seatrial.mocks.messages.channel import AcknowledgeOrder, ChangePage, ListChanges, OrderAcknowledged
from seatrial.mocks.messages.erp import CreateSalesOrder
from seatrial.mocks.messages.orders import OrderLine
from seatrial.mocks.messages.supply import ListInbound
from seatrial.mocks.messages.warehouse import GetRelease
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import CallError, Disconnected, HarnessError, Refused, Rejected, TimedOut, Unreadable
from seatrial.sim.routes import RouteTable

pytestmark = pytest.mark.wire
KINDS = ("marketplace", "warehouse", "erp", "supply")
OPERATIONS = {kind: Catalogue("partners").get(kind).operations for kind in KINDS}  # type: ignore[attr-defined]


class Heard:
    """A request as it came over the socket."""

    def __init__(self, head: str, body: bytes) -> None:
        first, *lines = head.split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
        self.body = body


Conduct = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


class Partner:
    """A partner on a bare socket, which answers as the test wants."""

    def __init__(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self.heard: list[Heard] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().removesuffix("\r\n\r\n")
                request = Heard(head, b"")
                request.body = await reader.readexactly(int(request.headers.get("content-length", 0)))
                self.heard.append(request)
                await self.conduct(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def answer(
    writer: asyncio.StreamWriter, body: bytes, status: int = 200, length: int | None = None, more: str = ""
) -> None:
    size = len(body) if length is None else length
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {size}\r\n{more}\r\n".encode() + body)


def run(conduct: Conduct, work: Callable[[HttpClient], Coroutine[Any, Any, Any]], kind: str = "marketplace") -> Partner:
    async def main() -> Partner:
        partner = Partner(conduct)
        server = await asyncio.start_server(partner.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_session() as session:
            at = PartnerAt("somebody", kind, url, token="first")
            await work(HttpClient(at, OPERATIONS[kind], session))
        server.close()
        return partner

    return asyncio.run(asyncio.wait_for(main(), 30))


def says(body: bytes, status: int = 200, **more: Any) -> Conduct:
    async def conduct(_: Heard, writer: asyncio.StreamWriter) -> None:
        answer(writer, body, status, **more)

    return conduct


def failing(conduct: Conduct, timeout: float = 10.0) -> tuple[CallError, Partner]:
    """What a call raises, and what the partner saw."""
    raised: list[CallError] = []

    async def work(client: HttpClient) -> None:
        with pytest.raises(CallError) as info:
            await client.call(ListChanges("7"), timeout=timeout)
        raised.append(info.value)

    return raised[0] if (partner := run(conduct, work)) and raised else CallError(), partner


def reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def test_a_reply_is_the_declared_document() -> None:
    """200 with the JSON of the reply type is that document."""

    async def work(client: HttpClient) -> None:
        assert await client.call(ListChanges()) == ChangePage(cursor="9")

    run(says(b'{"changes": [], "cursor": "9"}'), work)


def test_a_request_is_read_back_by_the_routes() -> None:
    """Whatever is asked is what the partner's own route table reads: path, query and body."""
    lines = (OrderLine("A", 2, 995),)
    asked = [
        ("marketplace", ListChanges()),
        ("marketplace", ListChanges("a&b=c/ü", 5, -1.0, 12.5)),
        ("marketplace", AcknowledgeOrder("MP 1/2%?")),
        ("warehouse", GetRelease("SF-1/R1", "SF-1")),
        ("supply", ListInbound(("SKU-1", "SKU&2"))),
        ("supply", ListInbound(("SKU-1",))),
        ("erp", CreateSalesOrder("SF-1", "storefront", "C", "GBP", lines)),
    ]
    for kind, request in asked:

        async def work(client: HttpClient, request: Any = request) -> None:
            with pytest.raises(Unreadable):
                await client.call(request)

        (heard,) = run(says(b""), work, kind).heard
        path, _, query = heard.target.partition("?")
        from urllib.parse import unquote

        route, fields = RouteTable(OPERATIONS[kind].values()).find(heard.method, unquote(path))
        assert route.read(fields, query, heard.body) == request


def test_headers_tell_who_asks_what_for_the_how_manieth_time() -> None:
    """Token, idempotency key, attempt and order number stand in their headers; after a sign-in the new token."""

    async def conduct(heard: Heard, writer: asyncio.StreamWriter) -> None:
        signed = b'{"since": 0, "until": 1, "token": "second"}'
        answer(writer, signed if heard.target == "/sign-in" else b'{"order_no": "MP-1"}')

    async def work(client: HttpClient) -> None:
        asked = AcknowledgeOrder("MP-1")
        assert await client.call(asked, idempotency_key="MP-1/a", attempt=3) == OrderAcknowledged("MP-1")
        await client.sign_in()
        await client.call(asked)

    partner = run(conduct, work)
    first, _, last = (each.headers for each in partner.heard)
    assert (first["authorization"], last["authorization"]) == ("Bearer first", "Bearer second")
    assert (first["idempotency-key"], first["x-attempt"]) == ("MP-1/a", "3")
    assert (first["x-correlation-id"], first["content-type"]) == ("MP-1", "application/json")
    assert "idempotency-key" not in last
    assert partner.connections == 1


def test_nobody_at_the_port_is_refused(free_port) -> None:
    """A connection that nobody accepts: certainly not seen."""

    async def main() -> None:
        async with open_session() as session:
            at = PartnerAt("x", "marketplace", f"http://127.0.0.1:{free_port}")
            with pytest.raises(Refused) as raised:
                await HttpClient(at, OPERATIONS["marketplace"], session).call(ListChanges())
        assert not raised.value.may_have_committed

    asyncio.run(main())


async def silent(_: Heard, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def dripping(_: Heard, writer: asyncio.StreamWriter) -> None:
    answer(writer, b"{", length=2)
    await silent(_, writer)


async def resetting(_: Heard, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def closing(_: Heard, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def truncating(_: Heard, writer: asyncio.StreamWriter) -> None:
    answer(writer, b'{"changes": [', length=100)
    writer.write_eof()
    await writer.drain()
    writer.close()


async def babbling(_: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(b"what do you want?\r\n\r\n")


@pytest.mark.parametrize(
    ("conduct", "kind"),
    [
        (silent, TimedOut),
        (dripping, TimedOut),
        (resetting, Disconnected),
        (closing, Disconnected),
        (truncating, Unreadable),
        (babbling, Unreadable),
        (says(b""), Unreadable),
        (says(b'{"changes": ['), Unreadable),
        (says(b'{"changes": 7}'), Unreadable),
        (says(b"<!DOCTYPE html><html></html>"), Unreadable),
        (says(b"<html>away</html>", 503), Unreadable),
        (says(b"", 302, more="Location: /elsewhere\r\n"), Unreadable),
        (says(b'{"error": {"code": "gone", "message": "no"}}', 410), Rejected),
    ],
)
def test_every_end_of_a_call_is_its_own_error(conduct, kind) -> None:
    """Each way in which a call can end is the error of the in-memory link, and the partner sees one request."""
    error, partner = failing(conduct, timeout=0.3 if kind is TimedOut else 10)
    assert type(error) is kind
    assert len(partner.heard) == 1


@pytest.mark.parametrize("conduct", [closing, resetting])
def test_a_kept_connection_that_ends_hides_nothing(conduct) -> None:
    """A read on a connection that was good before is not sent again behind the caller's back."""
    turn = 0

    async def good_then_bad(heard: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        turn += 1
        if turn == 1:
            answer(writer, b"{}")
        else:
            await conduct(heard, writer)

    async def work(client: HttpClient) -> None:
        await client.call(ListChanges("1"))
        with pytest.raises(Disconnected):
            await client.call(ListChanges("2"))

    partner = run(good_then_bad, work)
    assert [each.target for each in partner.heard] == ["/changes?cursor=1", "/changes?cursor=2"]
    assert partner.connections == 1


def test_a_refusal_keeps_its_words() -> None:
    """Status, code, pointer and what it asks to wait, as seconds or as a date of the real clock."""
    body = json.dumps({"error": {"code": "slow_down", "message": "later", "pointer": "9"}}).encode()
    error, _ = failing(says(body, 429, more="Retry-After: 7\r\n"))
    assert isinstance(error, Rejected)
    assert (error.status, error.code, error.pointer, error.retry_after) == (429, "slow_down", "9", 7.0)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    error, _ = failing(says(body, 503, more=f"Retry-After: {date}\r\n"))
    assert isinstance(error, Rejected)
    assert error.retry_after == pytest.approx(3600, abs=60)


def test_an_unknown_request_is_nobodys_operation() -> None:
    """A request that the partner has no operation for is an error of the program, before anything is sent."""

    async def work(client: HttpClient) -> None:
        assert client.offers(ListChanges)
        assert not client.offers(GetRelease)
        with pytest.raises(HarnessError, match="GetRelease"):
            await client.call(GetRelease("1", "2"))

    assert run(says(b""), work).heard == []
