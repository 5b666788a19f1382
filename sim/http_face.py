"""The face that a partner shows over HTTP, whatever carries it: requests become typed calls, replies become bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from math import ceil
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from seatrial.sim.call import NO_HEADERS
from seatrial.sim.dice import Dice
from seatrial.sim.envelopes import ATTEMPT, BUSINESS_TIME, IDEMPOTENCY_KEY, RETRY_AFTER, UNREADABLE, refusal_of
from seatrial.sim.envelopes import FOREIGN_BODIES as FOREIGN_BODIES
from seatrial.sim.envelopes import GARBLED as GARBLED
from seatrial.sim.errors import CallError, Rejected
from seatrial.sim.openapi import openapi_of
from seatrial.sim.operation import Operation, Request
from seatrial.sim.partner import Partner
from seatrial.sim.routes import NOTHING, RouteTable
from seatrial.sim.session import SignedIn
from seatrial.sim.tokens import Tokens

JSON: Final = "application/json"
"""Content type of every document."""
HTML: Final = "text/html; charset=utf-8"
"""Content type of pages."""
CLOCK: Final = "/clock"
"""Path at which every partner tells the time of the run."""
OPENAPI: Final = "/openapi.json"
"""Path of its OpenAPI document."""
_TAKEN: Final = frozenset({JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=utf-8", f"{JSON}; charset=UTF-8"})
_KNOWN_AT_MOST: Final = 1024
_names: dict[bytes, str] = {}
_tables: dict[type[Partner], RouteTable] = {}
_TOLD_AT_MOST: Final = 80  # letters of what a caller sent that a refusal repeats
_NOTED_AT_MOST: Final = 300  # letters of why it could not be read


class Headers(Mapping[str, str]):
    """Headers by name in any case, as faults and policies ask for them."""

    __slots__ = ("_by_name",)

    def __init__(self, by_name: Mapping[str, str]) -> None:
        self._by_name = by_name

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def get(self, name: str, default: Any = None) -> Any:
        """The header, or `default`; asked thrice a request, mostly for what is not there: no error on the way."""
        return self._by_name.get(name.lower(), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


def _name_of(raw: bytes) -> str:
    """A header's name in lower case; callers send the same few again and again."""
    name = raw.decode("latin-1").lower()
    if len(_names) < _KNOWN_AT_MOST:
        _names[raw] = name
    return name


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case, from the pairs of bytes in which ASGI, httptools and httpx have them."""
    known = _names
    return {known.get(name) or _name_of(name): value.decode("latin-1") for name, value in raw}


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What somebody asks of a partner over HTTP."""

    operation: Operation
    """The operation."""
    request: Request[Any]
    """The typed request."""
    signed_in_at: float
    """Second of the run of the sign-in that the token proves; `NO_TOKEN` or `UNKNOWN_TOKEN` where it proves none."""
    idempotency_key: str = ""
    """What the caller gave as idempotency key."""
    attempt: int = 1
    """Number of the attempt; 1 where the caller does not count."""
    headers: Mapping[str, str] = NO_HEADERS
    """All headers, by name in any case."""


class Unread(Rejected):
    """A request for a known operation that cannot be read; `key` and `order` are what of it can be all the same."""

    def __init__(self, why: Rejected, operation: Operation, fields: Mapping[str, str], body: bytes) -> None:
        super().__init__(why.code, str(why), status=why.status)
        self.operation = operation
        said = {**_scalars(body), **fields}
        self.key = said.get(operation.key, "")
        self.order = said.get(operation.order, "")

    def record(self, partner: Partner, seen: CallError, took: float) -> None:
        """Write how the call ended for its caller after `took` seconds, and what could not be read."""
        asked, log = self.operation, partner.evidence
        outcome = (seen.outcome, seen.status, took, "", "", seen.code)
        log.call(partner.name, asked.name, asked.document, self.key, self.order, 1, *outcome)
        log.note("unread", self.key, self.order, detail=f"{partner.name}.{asked.name}: {self}"[:_NOTED_AT_MOST])


class Clock(msgspec.Struct, frozen=True):
    """The time of the run."""

    now: float
    """Second of the run."""
    wall: datetime
    """The same as a moment."""
    time_scale: float
    """Seconds of business time in one real second."""


class Face:
    """One partner as HTTP shows it: `ask` reads a request, `reply` writes an answer, `denial_of` a refusal."""

    def __init__(self, partner: Partner, dice: Dice) -> None:
        self.partner = partner
        self.tokens = Tokens(dice, partner.name)
        self._by_token = partner.conduct.auth.by_token
        self._routes = _routes_of(type(partner))
        self._encode = msgspec.json.Encoder().encode

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Asked:
        """What a request asks. `target` is path and query as sent, `headers` have names in lower case.

        Raises Rejected: 404 `unknown_route`, 405 `method_not_allowed`; and Unread, where the operation is known: 415
        `unsupported_media_type`, 400 `invalid_request`. Whether its token is good is for the partner's gates to say.
        """
        path, _, query = target.partition("?")
        route, fields = self._routes.find(method, unquote(path) if "%" in path else path)
        get = headers.get
        try:
            if body and get("content-type") not in _TAKEN and method != "GET":
                _check_type(get("content-type", ""))
            request = route.read(fields, query, body)
            attempt = _attempt_of(headers[ATTEMPT]) if ATTEMPT in headers else 1
        except Rejected as error:
            raise Unread(error, route.operation, fields, body) from error
        since = self.tokens.read(get("authorization", ""))
        return Asked(
            route.operation,
            request,
            since if self._by_token else max(0.0, since),  # a sign-in that nobody asks for still counts where given
            get(IDEMPOTENCY_KEY, ""),
            attempt,
            Headers(headers),
        )

    def reply(self, reply: Any) -> bytes:
        """The document that a partner answers with; a sign-in with its token."""
        if type(reply) is SignedIn:
            reply = msgspec.structs.replace(reply, token=self.tokens.write(reply.since))
        return self._encode(reply)

    @cached_property
    def openapi(self) -> bytes:
        """The OpenAPI document."""
        partner = self.partner
        return self._encode(openapi_of(partner.name, partner.operations.values(), partner.events, partner.conduct))

    def clock(self) -> bytes:
        """The time of the run; whoever asks has let the environment catch up."""
        ground = self.partner.ground
        now = ground.env.now
        return self._encode(Clock(now, ground.day.wall(now), ground.pace))


def _routes_of(kind: type[Partner]) -> RouteTable:
    """The routes of a kind of partner: made once, not in every life of every run."""
    if kind not in _tables:
        _tables[kind] = RouteTable(kind.operations.values())
    return _tables[kind]


class Denial(msgspec.Struct, frozen=True, gc=False):
    """A refusal as it is sent."""

    status: int
    """HTTP status."""
    body: bytes
    """The partner's error shape."""
    retry_after: str
    """Value of the Retry-After header; empty: none."""


def denial_of(error: Rejected) -> Denial:
    """How a partner says what it raised."""
    return Denial(error.status, refusal_of(error), retry_header(error))


def retry_header(error: Rejected) -> str:
    """The Retry-After header of a refusal: as somebody wrote it, else in whole seconds, as the standard wants them."""
    if error.retry_header or error.retry_after is None:
        return error.retry_header
    return str(ceil(error.retry_after))


def reply_headers(kind: str, now: float, retry_after: str = "") -> list[tuple[str, str]]:
    """The headers that every reply has, besides its length; `now` is the second of the run."""
    headers = [("content-type", kind), (BUSINESS_TIME, f"{now:.6f}")]
    return [*headers, (RETRY_AFTER, retry_after)] if retry_after else headers


def _scalars(body: bytes) -> Mapping[str, str]:
    """What a body says in a word, by name."""
    try:
        said = msgspec.json.decode(body)
    except UNREADABLE:
        return NOTHING
    words = said.items() if isinstance(said, dict) else ()
    return {name: str(word)[:_TOLD_AT_MOST] for name, word in words if isinstance(word, str | int)}


def _check_type(kind: str) -> None:
    plain = kind.partition(";")[0].strip().lower()
    if plain != JSON and not (plain.startswith("application/") and plain.endswith("+json")):
        what = f"bodies are {JSON}, not {kind[:_TOLD_AT_MOST]!r}" if kind else "say what the body is"
        raise Rejected("unsupported_media_type", f"{what} · send Content-Type: {JSON}", status=415)


def _attempt_of(text: str) -> int:
    if text.isdecimal() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise Rejected("invalid_request", f"X-Attempt counts from 1: {text[:_TOLD_AT_MOST]!r}", status=400)
