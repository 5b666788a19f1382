"""Which HTTP library a caller uses: httpx and its successor have the same words under two names."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec

from seatrial.sim.errors import BadInput


class Flavour(msgspec.Struct, frozen=True):
    """The words of one library."""

    response: Callable[..., Any]
    """Makes a response."""
    whole: Callable[[int, list[tuple[bytes, bytes]], bytes, timedelta], Any]
    """Makes a response that has arrived: status, headers with the length among them, body, time that it took."""
    broken_stream: Callable[[bytes, int], Any]
    """Makes a body that breaks off: what arrives of it, and how long it was announced."""
    connect_error: Callable[[str], Exception]
    """The connection was refused."""
    read_timeout: Callable[[str], Exception]
    """Nobody answered in time."""
    read_error: Callable[[str], Exception]
    """The connection was reset."""
    protocol_error: Callable[[str], Exception]
    """The other side closed the connection without a whole reply."""


class Cookieless:
    """A reply of which it is known that it sets no cookie."""


_known: dict[type, Flavour] = {}


def flavour_of(request: object) -> Flavour:
    """The library that a request comes from. Raises BadInput where it is none that we know the words of."""
    kind = type(request)
    if kind not in _known:
        _known[kind] = _flavour(kind)
    return _known[kind]


def _flavour(kind: type) -> Flavour:
    for base in kind.__mro__:
        library = sys.modules.get(base.__module__.partition(".")[0])
        if library is not None and hasattr(library, "RemoteProtocolError") and hasattr(library, "AsyncByteStream"):
            return Flavour(
                response=library.Response,
                whole=_whole(library),
                broken_stream=_broken_stream(library),
                connect_error=library.ConnectError,
                read_timeout=library.ReadTimeout,
                read_error=library.ReadError,
                protocol_error=library.RemoteProtocolError,
            )
    hint = "give it to httpx.AsyncClient(transport=...) or to httpx2's"
    raise BadInput("the transport takes requests of httpx", value=kind.__qualname__, hint=hint)


def _whole(library: Any) -> Callable[[int, list[tuple[bytes, bytes]], bytes, timedelta], Any]:
    """A response whose body has been read: in a sixth of the time of one that the library has yet to read."""

    class Response(library.Response, Cookieless):  # type: ignore[misc]
        """It has been read, and can be read as it came all the same: nobody knows whether somebody wants to."""

        def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
            body = self._content
            yield from (
                body[at : at + (chunk_size or len(body))] for at in range(0, len(body), chunk_size or len(body))
            )

        async def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
            for part in self.iter_raw(chunk_size):
                yield part

    def made(status: int, headers: list[tuple[bytes, bytes]], body: bytes, took: timedelta) -> Any:
        response = Response(status, headers=headers, stream=library.ByteStream(body))
        response._content = body  # noqa: SLF001 (what `read` leaves behind)
        response.is_closed = response.is_stream_consumed = True
        response.elapsed = took
        return response

    def read(status: int, headers: list[tuple[bytes, bytes]], body: bytes, took: timedelta) -> Any:
        response = library.Response(status, headers=headers, content=body)
        response.elapsed = took
        return response

    return made if hasattr(library.Response(200, content=b""), "_content") else read


def _broken_stream(library: Any) -> Callable[[bytes, int], Any]:
    """A body that ends before its announced length, in the words in which the library tells it on a socket."""

    class BrokenStream(library.AsyncByteStream, library.SyncByteStream):  # type: ignore[misc]
        def __init__(self, arrives: bytes, announced: int) -> None:
            self._arrives, self._announced = arrives, announced

        def __iter__(self) -> Iterator[bytes]:
            if self._arrives:
                yield self._arrives
            raise library.RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {len(self._arrives)} bytes, expected {self._announced})"
            )

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in self:
                yield part

    return BrokenStream
