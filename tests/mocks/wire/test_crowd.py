"""Laws of a port at which more clients stand than there is room for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from seatrial.mocks.wire import harbour
from seatrial.mocks.wire.asgi import Receive, Scope, Send, reply
from seatrial.mocks.wire.connection import Crowd
from seatrial.mocks.wire.harbour import Harbour

pytestmark = pytest.mark.wire
ROOM = 8
ASK = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"
Meeting = Callable[[int], Awaitable[None]]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A harbour with room for a few."""
    monkeypatch.setattr(harbour, "Crowd", lambda _: Crowd(ROOM))


def at_sea(meeting: Meeting) -> None:
    """Have clients meet an application that takes its time."""
    failures: list[BaseException] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(0.2)
        await reply(send, 200, b"{}")

    async def sail() -> None:
        open_harbour = Harbour({"slow": slow}, failures.append)
        await open_harbour.open()
        try:
            await meeting(open_harbour.ports["slow"])
        finally:
            await open_harbour.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(sail())
    assert failures == []


async def ask(port: int) -> str:
    """What somebody hears who comes and asks at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(ASK)
        head = await reader.readuntil(b"\r\n\r\n")
        return head[9:12].decode()
    except (OSError, asyncio.IncompleteReadError):
        return "reset"
    finally:
        writer.close()


def test_whoever_finds_no_room_is_told_so() -> None:
    """As many as there is room for are served, half as many more get a 503, and no connection is reset."""

    async def meeting(port: int) -> None:
        heard = Counter(await asyncio.gather(*(ask(port) for _ in range(ROOM + ROOM // 2))))
        assert heard == {"200": ROOM, "503": ROOM // 2}
        assert await ask(port) == "200"

    at_sea(meeting)


def test_the_silent_make_room() -> None:
    """Where it is full of clients that ask nothing, whoever asks is served; but not of those that have just come."""

    async def meeting(port: int) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(ROOM)]
        assert await ask(port) == "503"
        await asyncio.sleep(1.2)
        assert await ask(port) == "200"
        assert await silent[0][0].read() == b""
        for _, writer in silent:
            writer.close()

    at_sea(meeting)
