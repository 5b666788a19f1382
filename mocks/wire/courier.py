"""The courier: carries webhooks to their receivers over connections of his own, which stay open for the next one."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import httptools
import msgspec

from seatrial.sim.errors import CallError, Disconnected, Refused, TimedOut

_IDLE: Final = 4.0
"""Seconds after which a connection is not used again: servers commonly close theirs after five."""
_HEARD: Final = 16_384
"""Bytes of an answer's body that are read, so that its connection may be used again."""
_PORTS: Final = {"http": 80, "https": 443}
_IN_A_PATH: Final = "/%:@!$&'()*+,;=~-._?"


class _Place(msgspec.Struct, frozen=True):
    """Where a webhook goes."""

    host: str
    port: int
    secure: bool
    head: str  # of every request: its first line, and what is always said


class Courier:
    """Posts webhooks; redirects are not followed, and nothing is sent twice.

    An HTTP client for everybody costs four times as much for each of them. `post` raises Refused where nobody accepts
    the connection, TimedOut, and Disconnected where it ends before the answer does, or where what comes is no HTTP.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle: dict[tuple[str, int, bool], deque[_Line]] = {}
        self._lines: dict[_Line, None] = {}

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> int:
        """Send JSON; gives the status of the answer. Raises CallError."""
        until = self._loop.time() + timeout
        try:
            place = _place_of(url)
        except ValueError as error:
            raise Disconnected(f"{url!r} is no address: {error}") from error
        said = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{place.head}{said}content-length: {len(body)}\r\n\r\n"
        key = (place.host, place.port, place.secure)
        line = self._kept(key) or await self._connected(place, until)
        status = await line.ask(head.encode("latin-1") + body, until)
        if line.usable:
            self._keep(key, line)
        return status

    def close(self) -> None:
        """Hang up everywhere."""
        for line in tuple(self._lines):
            line.transport.abort()

    def _kept(self, key: tuple[str, int, bool]) -> _Line | None:
        """A connection that stands open since a moment ago."""
        idle, now = self._idle.get(key), self._loop.time()
        while idle:
            line = idle.pop()
            if line.usable and now - line.since < _IDLE:
                return line
            line.transport.close()
        return None

    def _keep(self, key: tuple[str, int, bool], line: _Line) -> None:
        idle = self._idle.setdefault(key, deque())
        while idle and line.since - idle[0].since >= _IDLE:
            idle.popleft().transport.close()
        idle.append(line)

    async def _connected(self, place: _Place, until: float) -> _Line:
        try:
            async with asyncio.timeout_at(until):
                _, line = await self._loop.create_connection(
                    lambda: _Line(self._loop, self._lines),
                    place.host,
                    place.port,
                    ssl=self._security if place.secure else None,
                )
        except TimeoutError as error:
            raise _late() from error
        except (OSError, ValueError) as error:
            raise Refused(str(error)) from error
        return line

    @cached_property
    def _security(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class _Line(asyncio.Protocol):
    """One connection: one request at a time. States: idle (`since`), asking, gone."""

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop, lines: dict[_Line, None]) -> None:
        self.since = 0.0
        self.usable = False  # for another request
        self._loop = loop
        self._lines = lines
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] | None = None
        self._status = self._heard = 0
        self._has_length = False

    async def ask(self, request: bytes, until: float) -> int:
        """Send a request; gives the status of the answer once all of it is here. Raises CallError."""
        answer: asyncio.Future[int] = self._loop.create_future()
        self._answer = answer
        self._status, self._heard, self._has_length, self.usable = 0, 0, False, False
        patience = self._loop.call_at(until, self._give_up)
        self.transport.write(request)
        try:
            return await answer
        finally:
            patience.cancel()
            if not self.usable:
                self.transport.abort()

    # What asyncio says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self.transport = transport  # type: ignore[assignment]
        self._lines[self] = None

    def data_received(self, data: bytes) -> None:
        """Something is said; unasked, it is of no use."""
        if self._answer is None or self._answer.done():
            self.usable = False
            self.transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(Disconnected(f"this is no HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended: so has an answer that did not say how long it is."""
        self._lines.pop(self, None)
        self.usable = False
        if self._status >= 200 and not self._has_length:
            self._done(usable=False)
        self._fail(Disconnected(str(exc or "the connection was closed before the answer")))

    # What the parser says.

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header: only whether the length is told is of interest."""
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._has_length = True

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        """A part of the body: of what it says nothing counts, however much that may be."""
        self._heard += len(data)
        if self._heard > _HEARD:
            self._done(usable=False)

    def on_message_complete(self) -> None:
        """The answer is whole; what is below 200 only announces it."""
        if self._status >= 200:
            self._done(usable=self._parser.should_keep_alive())

    def _done(self, *, usable: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self.usable, self.since = usable, self._loop.time()
            self._answer.set_result(self._status)

    def _give_up(self) -> None:
        self._fail(_late())

    def _fail(self, error: CallError) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _late() -> TimedOut:
    return TimedOut("the receiver did not answer in time")


@lru_cache(maxsize=256)
def _place_of(url: str) -> _Place:
    """Where a URL points to. Raises ValueError for one that points nowhere."""
    parts = urlsplit(url)
    host, scheme = parts.hostname, parts.scheme
    if scheme not in _PORTS or not host:
        raise ValueError("it is no http://host:port/path")
    path = "?".join(quote(part, safe=_IN_A_PATH) for part in (parts.path or "/", parts.query) if part)
    login = ""
    if parts.username is not None:
        told = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = f"authorization: Basic {b64encode(told.encode()).decode()}\r\n"
    named = parts.netloc.rpartition("@")[2].encode("idna").decode()
    head = f"POST {path} HTTP/1.1\r\nhost: {named}\r\nuser-agent: Seatrial\r\n{login}content-type: application/json\r\n"
    return _Place(host, parts.port or _PORTS[scheme], scheme == "https", head)
