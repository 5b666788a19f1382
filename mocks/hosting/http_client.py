"""The typed client of a partner over HTTP: what the in-memory link is in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from seatrial.mocks.hosting.addresses import PartnerAt
from seatrial.sim.envelopes import (
    ATTEMPT,
    BUSINESS_TIME,
    CORRELATION,
    IDEMPOTENCY_KEY,
    RETRY_AFTER,
    excerpt,
    failure_of,
)
from seatrial.sim.errors import CallError, Disconnected, HarnessError, Refused, TimedOut, Unreadable
from seatrial.sim.operation import Operation, Request
from seatrial.sim.routes import Route
from seatrial.sim.session import SignIn

ReplyT = TypeVar("ReplyT")
Heard = Callable[[float, float], None]
"""Told of each reply: the loop's time when its request was sent, and the second of the run that it carries."""
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a reply that are read; a page of documents is far smaller."""
_IDLE: Final = 4.0  # seconds after which a connection is not used again: servers commonly close theirs after five
_JSON: Final = "application/json"


def open_session() -> aiohttp.ClientSession:
    """Connections to all partners: kept alive, as many as calls are under way.

    aiohttp by itself sends an idempotent request again when a kept connection ends without a reply. Here this has to
    reach the caller: the partner may have worked, and whether to try again is for the integration to decide.
    """
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
    session._retry_connection = False  # noqa: SLF001 (its only switch; tests/mocks/hosting holds it to it)
    return session


class _Line:
    """One operation of the partner: how a request becomes a method, a path and a body, and bytes become a reply."""

    __slots__ = ("_base", "_defaults", "_route", "_wanted", "decode", "method", "name", "order_of")

    def __init__(self, base: str, operation: Operation) -> None:
        self.method = operation.method
        self.name = operation.name
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(operation.reply).decode
        self.order_of = operation.order_of()
        self._base = base
        self._route = Route(operation)
        fields = msgspec.structs.fields(operation.request)
        self._wanted = tuple(each.name for each in fields if each.name not in self._route.in_path)
        self._defaults = {each.name: each.default for each in fields}

    def url_of(self, request: Request[Any]) -> URL:
        """Where the request goes: its fields in the path, and for GET the others in the query."""
        path = self._route.operation.path
        for name in self._route.in_path:
            path = path.replace(f"{{{name}}}", quote(str(getattr(request, name)), safe=""))
        said = self._said(request) if self.method == "GET" else {}
        query = (
            "?" + urlencode([(name, _text(each)) for name, value in said.items() for each in _parts(value)])
            if said
            else ""
        )
        return URL(self._base + path + query, encoded=True)

    def body_of(self, request: Request[Any]) -> bytes | None:
        """The fields that are not in the path, as JSON."""
        return None if self.method == "GET" else msgspec.json.encode(self._said(request))

    def _said(self, request: Request[Any]) -> Mapping[str, Any]:
        """What differs from its default: an infinity, which JSON has no word for, is one where it may stand at all."""
        values = {name: getattr(request, name) for name in self._wanted}
        return {name: value for name, value in values.items() if value != self._defaults[name]}


class HttpClient:
    """The client of one partner; see `Client`.

    Refused: nobody accepts the connection. TimedOut: no whole reply in time. Disconnected: the connection ends before
    a reply begins. Unreadable: the reply is no document, or only a part of one. Rejected: the partner's own refusal.
    """

    def __init__(
        self,
        partner: PartnerAt,
        operations: Mapping[type, Operation],
        session: aiohttp.ClientSession,
        heard: Heard | None = None,
    ) -> None:
        self.name = partner.name
        self.kind = partner.kind
        self._session = session
        self._token = partner.token
        self._heard = heard
        self._clock = asyncio.get_running_loop().time
        self._lines = {request: _Line(partner.url.rstrip("/"), each) for request, each in operations.items()}

    def offers(self, request: type[Request[Any]]) -> bool:
        """Whether the partner has this operation."""
        return request in self._lines

    async def sign_in(self) -> None:
        """Get a new token or session; what is called from now on carries it."""
        self._token = (await self.call(SignIn())).token

    async def call(
        self, request: Request[ReplyT], *, timeout: float = 30.0, idempotency_key: str = "", attempt: int = 1
    ) -> ReplyT:
        """Ask the partner. Raises the `CallError` that tells what the caller knows."""
        line = self._lines.get(type(request)) or self._unknown(request)
        headers = self._headers(line, request, idempotency_key, attempt)
        sent = self._clock()
        try:
            status, body, answered = await self._exchange(line, request, headers, timeout)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _failure(error, f"{self.name}.{line.name}") from error
        if self._heard is not None and (told := _second(answered.get(BUSINESS_TIME))) is not None:
            self._heard(sent, told)
        if not 200 <= status < 300:
            # An HTTP date is a moment of the real clock: any server and any client on a socket read that one.
            raise failure_of(status, body, answered.get(RETRY_AFTER, ""), datetime.now(UTC))
        try:
            return line.decode(body)  # type: ignore[no-any-return]
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeDecodeError) as error:
            raise Unreadable(f"{self.name}.{line.name}: {error}", status=status, body=excerpt(body)) from error

    async def _exchange(
        self, line: _Line, request: Request[Any], headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, Mapping[str, str]]:
        async with self._session.request(
            line.method,
            line.url_of(request),
            data=line.body_of(request),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=timeout),
            allow_redirects=False,
        ) as reply:
            body = bytearray()
            try:
                async for part in reply.content.iter_any():
                    body += part
                    if len(body) > LARGEST:
                        raise aiohttp.ClientPayloadError(f"more than {LARGEST} bytes")
            except aiohttp.ClientPayloadError as error:
                said = excerpt(bytes(body))
                raise Unreadable(f"{self.name}.{line.name}: {error}", status=reply.status, body=said) from error
            return reply.status, bytes(body), reply.headers

    def _headers(self, line: _Line, request: Request[Any], key: str, attempt: int) -> dict[str, str]:
        headers = {ATTEMPT: str(attempt)}
        if line.method != "GET":
            headers["Content-Type"] = _JSON
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if key:
            headers[IDEMPOTENCY_KEY] = quote(key, safe=_PRINTABLE)
        order = line.order_of(request)
        if order:
            headers[CORRELATION] = quote(order, safe=_PRINTABLE)
        return headers

    def _unknown(self, request: object) -> NoReturn:
        known = ", ".join(sorted(line.name for line in self._lines.values()))
        raise HarnessError(f"{self.name} ({self.kind}) has no operation for {type(request).__name__} · known: {known}")


_PRINTABLE: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")


def _parts(value: object) -> tuple[object, ...]:
    """What stands in a query under one name: every element of a list."""
    return value if isinstance(value, tuple) else (value,)


def _text(value: object) -> str:
    """A field as a query carries it."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _second(text: str | None) -> float | None:
    """The second of the run in a header, if it is one."""
    try:
        second = float(text or "")
    except ValueError:
        return None
    return second if 0 <= second < inf else None


def _failure(error: Exception, place: str) -> CallError:
    """What the caller knows after a call that ended without a whole reply."""
    if isinstance(error, TimeoutError):
        return TimedOut(f"no reply from {place} in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Refused(f"{place}: {error.os_error or error}")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return Unreadable(f"{place}: {error}", body="")
    return Disconnected(f"{place}: {error or 'connection reset'}")
