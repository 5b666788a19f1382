"""Where webhooks of the partners arrive, and where the harness asks whether the integration is well."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiohttp import web

from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.mocks.hosting.signatures import is_genuine
from seatrial.sim.errors import SeatrialError
from seatrial.sim.notice import Notice

PATH: Final = "/webhooks/"
"""Before the name of the partner."""
HEALTH: Final = "/health"
"""Answers 200 once the integration works."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a webhook; more is answered 413."""
_LAST_WORDS: Final = 0.2  # seconds in which requests under way may end
Receive = Callable[[Notice], Awaitable[None]]


class Sender(msgspec.Struct, frozen=True):
    """A partner as one that tells by webhook."""

    secret: str
    """What its webhooks are signed with; empty: they are not."""
    events: Mapping[str, type[msgspec.Struct]]
    """What it tells, and the document that each event carries."""


class _Letter(msgspec.Struct, frozen=True):
    """A webhook whose document is not read yet: its type belongs to its event."""

    notice_no: str
    event: str
    partner: str
    key: str
    order_no: str
    at: float
    sequence: int
    body: msgspec.Raw


class _Refused(Exception):
    """A request that is answered by a status and a word."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Letterbox:
    """Answers 2xx only when the integration has taken the webhook.

    404: an unknown path or partner; 401: the signature is wrong; 400: not what this partner tells; 413: too large;
    503: not now (it starts, its bus is away); 500: the integration failed over it. Any of them is tried again.
    """

    def __init__(self, senders: Mapping[str, Sender]) -> None:
        self._senders = senders
        self._letter = msgspec.json.Decoder(_Letter)
        self.receive: Receive | None = None

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[int]:
        """Listen on the loopback; gives the port. Raises Unavailable where it is taken."""
        runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=_LAST_WORDS)
        await runner.setup()
        try:
            yield await self._listen(runner, port)
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.ServerRunner, port: int) -> int:
        site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            hint = f"{error.strerror or error}: end the program that has it, or name another with --port"
            raise Unavailable("the port for webhooks cannot be had", value=port, hint=hint) from error
        address: tuple[Any, ...] = runner.addresses[0]
        return int(address[1])

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            if request.path == HEALTH:
                return self._health()
            await self._take(request)
        except _Refused as error:
            return web.json_response({"error": str(error)}, status=error.status)
        return web.Response(status=204)

    def _health(self) -> web.StreamResponse:
        up = self.receive is not None
        return web.json_response({"status": "up" if up else "starting"}, status=200 if up else 503)

    async def _take(self, request: web.BaseRequest) -> None:
        name = request.path.removeprefix(PATH)
        sender = self._senders.get(name) if request.path.startswith(PATH) else None
        if sender is None:
            raise _Refused(404, f"webhooks go to {PATH}<partner>: {', '.join(sorted(self._senders))}")
        if request.method != "POST":
            raise _Refused(405, "webhooks are posted")
        body = await self._body(request)
        if sender.secret and not is_genuine(sender.secret, body, request.headers):
            raise _Refused(401, "the signature does not prove the sender")
        notice = self._read(name, sender, body)
        if notice is not None:
            await self._hand_over(notice)

    async def _body(self, request: web.BaseRequest) -> bytes:
        if (request.content_length or 0) > LARGEST:
            raise _Refused(413, f"more than {LARGEST} bytes")
        body = bytearray()
        async for part in request.content.iter_any():
            body += part
            if len(body) > LARGEST:
                raise _Refused(413, f"more than {LARGEST} bytes")
        return bytes(body)

    def _read(self, name: str, sender: Sender, body: bytes) -> Notice | None:
        """The notice with its document; None for an event that this kind of partner does not have."""
        try:
            said = self._letter.decode(body)
            if said.partner != name:
                raise _Refused(400, f"a webhook of {said.partner!r} at the address of {name!r}")
            kind = sender.events.get(said.event)
            document = msgspec.json.decode(said.body, type=kind) if kind is not None else None
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeDecodeError) as error:
            raise _Refused(400, str(error)) from error
        if document is None:
            return None
        return Notice(
            said.notice_no, said.event, said.partner, said.key, said.order_no, said.at, said.sequence, document
        )

    async def _hand_over(self, notice: Notice) -> None:
        if self.receive is None:
            raise _Refused(503, "starting")
        try:
            await self.receive(notice)
        except SeatrialError as error:
            raise _Refused(503, str(error)) from error
        except asyncio.CancelledError:
            raise
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            raise _Refused(500, type(error).__name__) from error
