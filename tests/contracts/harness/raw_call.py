"""A call by a bare socket: every byte and when it came, and how the connection ended."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

MORE = 0.15
"""Seconds in which what was not announced is waited for."""


class Heard(msgspec.Struct):
    """What the kernel told the caller of a call."""

    said: bytes = b""
    """Every byte."""
    times: list[float] = []
    """Seconds from the request to each piece of it."""
    ended: Literal["open", "eof", "reset"] = "open"
    """How the connection is by then: open, closed by a FIN, reset by an RST."""

    @property
    def head(self) -> bytes:
        return self.said.partition(b"\r\n\r\n")[0].lower()

    @property
    def body(self) -> bytes:
        return self.said.partition(b"\r\n\r\n")[2]

    @property
    def length(self) -> int:
        """Length that the head announces."""
        return int(self.head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)

    @property
    def is_whole(self) -> bool:
        """Whether all that was announced is there."""
        return b"\r\n\r\n" in self.said and len(self.body) >= self.length


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection of its own, closed in the end."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.setblocking(False)
        yield line


async def enter(line: socket.socket, order: str, listen: float) -> Heard:
    """Enter an order by hand and listen for so long, or until the other side ends the connection; behind the last byte
    that was announced it is listened for `MORE` only.
    """
    body = msgspec.json.encode({"order_no": order})
    asked = b"POST /orders HTTP/1.1\r\nHost: erp\r\nContent-Type: application/json\r\nX-Attempt: 1\r\n"
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(line, asked + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    began, heard = loop.time(), Heard()
    try:
        async with asyncio.timeout(listen) as patience:
            while part := await loop.sock_recv(line, 65_536):
                heard.said += part
                heard.times.append(loop.time() - began)
                if heard.is_whole:
                    patience.reschedule(loop.time() + MORE)
            heard.ended = "eof"
    except TimeoutError:
        pass
    except ConnectionResetError:
        heard.ended = "reset"
    return heard
