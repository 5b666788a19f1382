"""The caller's side of a struck call: his socket, as mitmproxy holds it, and whether he is still there."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Final

from mitmproxy.connection import ConnectionState
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.net.http.http1 import assemble_response_head
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler

from seatrial.sim.envelopes import DROPS

_NO_LINGER: Final = struct.pack("ii", 1, 0)
_LOOK: Final = 0.02  # seconds between two looks at a held caller: mitmproxy tells nobody that he left


def reset(writer: Any) -> None:
    """Break a connection by a TCP reset: closed with SO_LINGER 0 (RFC 9293, 3.10.5), unsent bytes are thrown away."""
    held: socket.socket | None = writer.get_extra_info("socket")
    if held is not None and held.fileno() >= 0:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()


def wire_form(response: Response) -> tuple[bytes, bytes]:
    """Head and body of a reply as mitmproxy would send them."""
    return assemble_response_head(response), response.raw_content or b""


class Caller:
    """Who waits for a reply. States: there, gone."""

    def __init__(self, flow: HTTPFlow, handler: ProxyConnectionHandler | None) -> None:
        self.flow = flow
        self._handler = handler
        self._loop = asyncio.get_running_loop()

    @property
    def gone(self) -> bool:
        """Whether he closed his side: nobody reads what is sent from now on."""
        return not self.flow.client_conn.state & ConnectionState.CAN_READ

    @property
    def writer(self) -> Any:
        """His socket's writer; None once the connection is closed."""
        if self._handler is None or self.flow.client_conn not in self._handler.transports:
            return None
        return self._handler.transports[self.flow.client_conn].writer

    async def stays(self, seconds: float) -> bool:
        """Let time pass while he waits; False as soon as he has gone."""
        until = self._loop.time() + seconds
        while not self.gone:
            left = until - self._loop.time()
            if left <= 0:
                return True
            await asyncio.sleep(min(left, _LOOK))
        return False

    async def stays_for(self, work: asyncio.Future[Any]) -> bool:
        """Let work be done while he waits; False where he has gone before it is done, and it goes on without him."""
        while not work.done():
            if self.gone:
                return False
            await asyncio.wait((work,), timeout=_LOOK)
        return True

    def reset(self) -> None:
        """Break the connection under him."""
        if (writer := self.writer) is not None:
            reset(writer)

    async def say_part(self, said: bytes) -> None:
        """Say this and no more: the connection is half-closed, and closed once he has seen it."""
        if (writer := self.writer) is None or writer.is_closing():
            return
        writer.write(said)
        if writer.can_write_eof():
            writer.write_eof()
        await self.stays(5.0)

    async def drip(self, response: Response, seconds: float) -> bool:
        """Send a whole reply, its body in drops over so many seconds; False where he has gone before the last.

        mitmproxy will send the same bytes once more when it is given the reply: they are swallowed, so that the
        connection lives on.
        """
        head, body = wire_form(response)
        first, rest = (head, body) if body else (head[:1], head[1:])
        self._write(first)
        drops = max(1, min(len(rest), DROPS))
        for number in range(drops):
            if not await self.stays(seconds / drops):
                return False
            self._write(rest[len(rest) * number // drops : len(rest) * (number + 1) // drops])
        self._swallow(len(head) + len(body))
        return True

    def _write(self, said: bytes) -> None:
        if (writer := self.writer) is not None and not writer.is_closing():
            writer.write(said)

    def _swallow(self, count: int) -> None:
        if self._handler is not None and (writer := self.writer) is not None:
            held = self._handler.transports[self.flow.client_conn]
            held.writer = Swallower(writer, count, lambda: setattr(held, "writer", writer))  # type: ignore[assignment]


class Swallower:
    """Stands in for a writer until so many bytes, which were sent before, have been written once more."""

    def __init__(self, writer: Any, count: int, done: Any) -> None:
        self._writer = writer
        self._left = count
        self._done = done

    def write(self, data: bytes) -> None:
        """Swallow what was said already."""
        swallowed = min(self._left, len(data))
        self._left -= swallowed
        if not self._left:
            self._done()
        if swallowed < len(data):
            self._writer.write(data[swallowed:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)
