"""Laws of the courier: what of an answer counts, how each failure is told, which connections are used again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from seatrial.mocks.wire import courier as module
from seatrial.mocks.wire.courier import Courier
from seatrial.sim.errors import CallError, Disconnected, Refused, TimedOut

pytestmark = pytest.mark.wire
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Door:
    """A receiver that reads a request and says what it is to say; an empty answer ends the connection."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heard: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.heard.append(head + await reader.readexactly(length))
                answer, end = self.answers.pop(0), b"<end>"
                writer.write(answer.removesuffix(end))
                if answer.endswith(end) or not answer:
                    return
            await reader.read()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def meet(door: Door, meeting: Callable[[Courier, str], Awaitable[None]]) -> None:
    """Let a courier come to a door."""

    async def scene() -> None:
        server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
        courier = Courier()
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks/erp"
        try:
            async with asyncio.timeout(20):
                await meeting(courier, url)
        finally:
            courier.close()
            server.close()

    asyncio.run(scene())


def post_once(door: Door, timeout: float = 5.0) -> int:
    """The status that the courier brings back."""
    found: list[int] = []

    async def meeting(courier: Courier, url: str) -> None:
        found.append(await courier.post(url, b"{}", {}, timeout))

    meet(door, meeting)
    return found[0]


def fail_once(door: Door, timeout: float = 5.0) -> type[CallError]:
    """How the courier fails."""
    with pytest.raises(CallError) as caught:
        post_once(door, timeout)
    return caught.type


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (OK, 204),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 200),
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 302),
        (b"HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 500),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n", 201),
        (b"HTTP/1.0 200 OK\r\n\r\nas long as it lasts<end>", 200),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 40_000, 200),
    ],
    ids=["empty", "with a body", "a redirect", "chunked", "announced", "until the end", "endless"],
)
def test_the_status_is_what_counts(answer: bytes, status: int) -> None:
    """However the answer is framed, its status comes back; redirects are not followed, long bodies not waited for."""
    assert post_once(Door(answer)) == status


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", Disconnected),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{}<end>", Disconnected),
        (b"HTTP/1.1 200 O<end>", Disconnected),
        (b"SSH-2.0 hello\r\n\r\n", Disconnected),
        (b"HTTP/1.1 200 OK\r\n", TimedOut),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{}", TimedOut),
    ],
    ids=["hung up", "half a body", "half a head", "no HTTP", "silence in the head", "silence in the body"],
)
def test_each_failure_is_told_as_what_it_is(answer: bytes, error: type[CallError]) -> None:
    """A lost connection, nonsense and silence are told apart."""
    assert fail_once(Door(answer), 0.3) is error


def test_nobody_there_is_refused_and_no_address_is_an_error() -> None:
    """A closed port refuses; what is no URL of HTTP fails like a broken connection, and nothing is sent."""

    async def meeting(courier: Courier, url: str) -> None:
        with pytest.raises(Refused):
            await courier.post("http://127.0.0.1:1/", b"{}", {}, 5.0)
        for wrong in ("nowhere", "ftp://a/b", "http://a:port/", "http:///b"):
            with pytest.raises(Disconnected):
                await courier.post(wrong, b"{}", {}, 5.0)

    meet(Door(OK), meeting)


def test_a_request_says_what_it_has_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole request, to the byte."""
    door = Door(OK)

    async def meeting(courier: Courier, url: str) -> None:
        url = url.replace("//", "//ann:b%40c@") + "/a b?x=1"
        await courier.post(url, b'{"a":1}', {"X-Signature": "abc="}, 5.0)
        host = url.partition("@")[2].partition("/")[0]
        assert door.heard[0].decode() == (
            f"POST /webhooks/erp/a%20b?x=1 HTTP/1.1\r\nhost: {host}\r\nuser-agent: Seatrial\r\n"
            "authorization: Basic YW5uOmJAYw==\r\ncontent-type: application/json\r\nX-Signature: abc=\r\n"
            'content-length: 7\r\n\r\n{"a":1}'
        )

    meet(door, meeting)


def test_a_connection_is_used_again_while_it_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other go over one connection, unless the receiver wants to close it or it has been idle long."""
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    door = Door(OK, OK, closing, OK, OK)

    async def meeting(courier: Courier, url: str) -> None:
        counts = []
        for _ in range(4):
            await courier.post(url, b"{}", {}, 5.0)
            counts.append(door.connections)
        monkeypatch.setattr(module, "_IDLE", 0.0)
        await courier.post(url, b"{}", {}, 5.0)
        assert [*counts, door.connections] == [1, 1, 1, 2, 3]

    meet(door, meeting)


def test_at_the_same_time_each_has_a_connection_of_its_own() -> None:
    """Nobody waits for another's answer."""
    door = Door(*[OK] * 5)

    async def meeting(courier: Courier, url: str) -> None:
        statuses = await asyncio.gather(*(courier.post(url, b"{}", {}, 5.0) for _ in range(5)))
        assert statuses == [204] * 5
        assert door.connections == 5

    meet(door, meeting)
