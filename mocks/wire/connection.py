"""A client's connection as a partner's server holds it: it can be reset, closed half-way, and is seen to go."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from enum import Enum
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from seatrial.mocks.wire.asgi import JSON, SLOWEST, Receive, Scope, Send, body_of, refuse
from seatrial.mocks.wire.stopwatch import stopwatch
from seatrial.sim.envelopes import refusal_of
from seatrial.sim.errors import Rejected

EXTENSION: Final = "seatrial.connection"
"""Where an ASGI scope holds the connection."""
SILENT: Final = 75.0
"""Seconds in which a client has to ask something; then it is hung up on."""
MOST_HEAD: Final = 65_536
"""Bytes of a request's line and headers at most, where they come in pieces."""
_NO_LINGER: Final = struct.pack("ii", 1, 0)
_SHY: Final = 0.5
"""Seconds, twice, after which a client that has not asked anything yet may have to make room."""


class Connection:
    """One TCP connection. States: open, gone; `lost_at` is when it went, by the stopwatch."""

    __slots__ = ("_gone", "_loop", "lost_at", "transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self.lost_at: float | None = None
        self._loop = loop
        self._gone: asyncio.Future[None] | None = None

    def lost(self) -> None:
        """Called once, when the connection has ended, whoever ended it."""
        self.lost_at = stopwatch()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    async def gone(self, at_most: float) -> None:
        """Wait until the client has left, but not for ever."""
        if self.lost_at is None:
            self._gone = self._gone or self._loop.create_future()
            await asyncio.wait((self._gone,), timeout=at_most)

    async def reset(self) -> None:
        """End it with a TCP reset: the client sees ECONNRESET, and what was not sent yet is thrown away."""
        reset(self.transport)
        await self.gone(1.0)

    async def close(self) -> None:
        """End it in the middle of whatever was being said, once what was said has left."""
        self.transport.close()
        await self.gone(5.0)


def reset(transport: asyncio.BaseTransport) -> None:
    """Close with SO_LINGER 0, which TCP does by a reset (RFC 9293, 3.10.5)."""
    held = transport.get_extra_info("socket")
    if held is not None and held.fileno() >= 0:
        # some loops lend no more than a look at their socket: a twin of it takes options and is closed at once
        with socket.fromfd(held.fileno(), socket.AF_INET, socket.SOCK_STREAM) as twin:
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()  # type: ignore[attr-defined]


class Place(Enum):
    """What a client that comes to a port gets."""

    SERVED = "served"
    """Room."""
    TOLD = "told"
    """No room; once its request is here it is told so."""
    NONE = "none"
    """Not even that."""


class Crowd:
    """Who is connected, by port, so many at a time, and half as many more who are told that it is full.

    Where it is full, whoever came first and keeps silent, or stops in the middle of a head, has to go. A client whose
    request is not read yet, because the server is busy, is not silent: nobody is hung up on for our being slow.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_port: dict[int, dict[Protocol, None]] = {}

    def enter(self, one: Protocol, port: int) -> Place:
        """Let somebody in, if there is room."""
        here = self._by_port.setdefault(port, {})
        place = Place.SERVED
        if len(here) >= self._most:
            silent = next((each for each in here if each.is_silent), None)
            if silent is not None:
                del here[silent]
                silent.transport.abort()
            elif len(here) >= self._most * 3 // 2:
                return Place.NONE
            else:
                place = Place.TOLD
        here[one] = None
        return place

    def leave(self, one: Protocol, port: int) -> None:
        """Somebody has gone."""
        self._by_port.get(port, {}).pop(one, None)


async def _told(_: Scope, receive: Receive, send: Send) -> None:
    """The application for whom there is no room: a connection closed before its request is read would be reset."""
    with suppress(Rejected):
        await body_of(receive)
    await refuse(send, _full(), (JSON, (b"connection", b"close")))


def _full() -> Rejected:
    return Rejected("too_many_connections", "close some, or use them again", status=503)


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1 protocol, which lets the application see the connection, and bounds what a client may send
    before there is a request: in size (431), in time (408), in number (503), and in sense (400).
    """

    connection: Connection

    def __init__(self, *args: Any, crowd: Crowd, **options: Any) -> None:
        super().__init__(*args, **options)
        self.is_silent = False
        self._crowd = crowd
        self._port = 0
        self._in_head = False  # of a request that is not all here
        self._head = 0  # bytes of it
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self.connection = Connection(transport, self.loop)
        self._port = (self.server and self.server[1]) or 0
        place = self._crowd.enter(self, self._port)
        if place is Place.NONE:
            self._turn_away(_full())
            return
        if place is Place.TOLD:
            self.app = _told
        self._patience = self.loop.call_later(_SHY, self._hesitate)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or was made to go."""
        super().connection_lost(exc)
        self.connection.lost()
        self._crowd.leave(self, self._port)
        self._wait_no_more()

    def data_received(self, data: bytes) -> None:
        """The client has said something."""
        super().data_received(data)
        if self._in_head:
            self._dawdle(len(data))

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        scope: Any = self.scope
        scope["extensions"] = {EXTENSION: self.connection}

    def on_headers_complete(self) -> None:
        """It is known what the client wants."""
        self._in_head = self.is_silent = False
        if self._patience is not None:
            self._wait_no_more()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The client does not speak HTTP."""
        self._turn_away(Rejected("invalid_request", "this is no HTTP/1.1 request", status=400))

    def _hesitate(self) -> None:
        """Nothing yet; between two timers the loop has looked at what came, however long it was busy."""
        self._patience = self.loop.call_later(_SHY, self._fall_silent)

    def _fall_silent(self) -> None:
        self.is_silent = True
        self._patience = self.loop.call_later(SILENT - 2 * _SHY, self.transport.close)

    def _dawdle(self, size: int) -> None:
        """A head in pieces: there is an end to that."""
        if not self._head:
            self._wait_no_more()
            self.is_silent = True
            self._patience = self.loop.call_later(SLOWEST, self._too_slow)
        self._head += size
        if self._head > MOST_HEAD:
            self._turn_away(Rejected("too_large", f"a head of more than {MOST_HEAD:,} bytes", status=431))

    def _too_slow(self) -> None:
        self._turn_away(Rejected("too_slow", f"the head was not here within {SLOWEST:.0f} s", status=408))

    def _wait_no_more(self) -> None:
        self._head = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _turn_away(self, error: Rejected) -> None:
        """Refuse without a request, in the words of a partner, and close."""
        self._in_head = False
        self._wait_no_more()
        if self.transport.is_closing():
            return
        body = refusal_of(error)
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[error.status] + head + body)
        self.transport.close()
