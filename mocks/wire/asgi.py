"""The few words of ASGI that a lean server needs: bodies bound in size and time, replies, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from seatrial.sim.envelopes import refusal_of
from seatrial.sim.errors import Rejected

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

MOST_BYTES: Final = 1 << 20
"""Bytes of a request's body at most."""
SLOWEST: Final = 20.0
"""Seconds in which a request's body has to be here."""
_DRAINS: Final = 5.0  # seconds for which the rest of a body that is too large is thrown away
_MOST_DRAINED: Final = 256 << 20  # bytes of it
JSON: Final = (b"content-type", b"application/json")
HTML: Final = (b"content-type", b"text/html; charset=utf-8")


async def body_of(receive: Receive) -> bytes:
    """The whole body; of one that is too large the rest is thrown away, so that its sender can hear the refusal.

    Raises Rejected: 413 `too_large`, 408 `too_slow`; CancelledError where the client has left.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message["body"]
        if len(body) > MOST_BYTES:
            raise _too_large()
        return body
    try:
        async with asyncio.timeout(SLOWEST):
            return await _rest(message, receive)
    except TimeoutError:
        raise Rejected("too_slow", f"the body was not here within {SLOWEST:.0f} s", status=408) from None


async def _rest(message: MutableMapping[str, Any], receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise asyncio.CancelledError
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            await _drain(message, receive, size)
            raise _too_large()
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


async def _drain(message: MutableMapping[str, Any], receive: Receive, size: int) -> None:
    """Throw away what still comes, within reason: whoever writes does not read, and a reset would eat the refusal."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAINS):
            while message.get("more_body") and size < _MOST_DRAINED:
                message = await receive()
                size += len(message.get("body", b""))


def _too_large() -> Rejected:
    return Rejected("too_large", f"a body of more than {MOST_BYTES:,} bytes", status=413)


async def reply(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = (JSON,)) -> None:
    """A whole reply."""
    await begin(send, status, len(body), headers)
    await send({"type": "http.response.body", "body": body})


async def begin(send: Send, status: int, length: int, headers: Iterable[tuple[bytes, bytes]] = (JSON,)) -> None:
    """The head of a reply whose body comes later, or not."""
    given: Headers = [*headers]
    if status != 204:  # which has no body, and no length either (RFC 9110, 8.6)
        given.append((b"content-length", b"%d" % length))
    await send({"type": "http.response.start", "status": status, "headers": given})


async def more(send: Send, part: bytes) -> None:
    """A part of a body that is not its last."""
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def refuse(send: Send, error: Rejected, headers: Iterable[tuple[bytes, bytes]] = (JSON,)) -> None:
    """A refusal in the partner's own words; after a body that was not read to its end the connection is closed."""
    unread = ((b"connection", b"close"),) if error.status in (408, 413) else ()
    await reply(send, error.status, refusal_of(error), (*headers, *unread))
