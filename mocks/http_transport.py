"""The partners behind an HTTP client in this process: calls to their URLs become calls over the in-memory link."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from math import inf
from types import TracebackType
from typing import Any, Final, Protocol, Self

from seatrial.mocks.http_client import HttpClient
from seatrial.mocks.http_flavour import Flavour, flavour_of
from seatrial.mocks.http_replies import Told, failed, response
from seatrial.sim.envelopes import ATTEMPT
from seatrial.sim.errors import BadInput, CallError, HarnessError, Rejected, TimedOut
from seatrial.sim.fences import FencedLoop
from seatrial.sim.http_face import CLOCK, OPENAPI, Asked, Face, Unread, headers_of
from seatrial.sim.link import Link
from seatrial.sim.process import Incarnation
from seatrial.sim.waits import pause

__tracebackhide__ = True  # a test that fails shows its own lines and the client's

DOMAIN: Final = "seatrial"
"""Top of the names under which partners are found: `http://erp.seatrial`."""
_KEPT: Final = 256  # clients of different sign-ins
_PORTS: Final = {"http": 80, "https": 443}
_READ: Final = "read"  # the one timeout of four that a socket on this machine can run into


class HttpRequest(Protocol):
    """A request as httpx has it."""

    method: str
    extensions: Any
    headers: Any
    url: Any

    async def aread(self) -> bytes:
        """The whole body."""
        ...


def url_of(partner: str) -> str:
    """The base URL at which a partner is found where nobody gave another."""
    return f"http://{partner}.{DOMAIN}"


class PartnersTransport:
    """Takes requests of an asynchronous httpx or httpx2 client to the partners, in virtual time.

    `links` are the partners' links, `life` is the life of the integration whose client this is (a crash ends it),
    `urls` gives partners by base URL, in place of `http://<name>.seatrial`.

    What the client sees is what it would see on a socket: the read timeout is the longest silence that it bears;
    there is no pool to wait for, and a connection takes no time of its own. A URL of nobody raises LeftVirtualTime:
    nothing leaves the process.
    """

    def __init__(self, links: Iterable[Link], life: Incarnation, urls: Mapping[str, str] | None = None) -> None:
        by_name = {link.partner.name: link for link in links}
        self.urls: Mapping[str, str] = urls if urls is not None else {url_of(name): name for name in by_name}
        self._desks: dict[tuple[bytes, int], list[_Desk]] = {}
        for url, name in sorted(self.urls.items(), key=lambda item: -len(item[0])):  # the longest path is tried first
            if name not in by_name:
                raise BadInput("the URL is of an unknown partner", value=name, known=by_name, where=url)
            desk = _Desk(url, by_name[name], life)
            self._desks.setdefault(desk.place, []).append(desk)

    async def handle_async_request(self, request: HttpRequest) -> Any:
        """Answer a request, or raise what the client would raise on a socket."""
        return await self.answer(request, self.found(request.url))

    def found(self, url: Any) -> Sequence[_Desk]:
        """The partners at the host of a URL."""
        return self._desks.get((url.raw_host, url.port or _PORTS.get(url.scheme, 0)), ())

    async def answer(self, request: HttpRequest, desks: Sequence[_Desk]) -> Any:
        """The same, where the partners at its host have been found."""
        target = request.url.raw_path.decode("ascii")
        for desk in desks:
            if target.startswith(desk.path) and target[len(desk.path) : len(desk.path) + 1] in ("/", "?", ""):
                return await desk.answer(request, target[len(desk.path) :])
        raise self.nobody(request)

    async def aclose(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def nobody(self, request: HttpRequest) -> HarnessError:
        """What is raised for a request to a URL of nobody."""
        call = f"{request.method} {request.url}"
        way_out = f"nobody is found there · known: {', '.join(sorted(self.urls))}"
        loop = asyncio.get_running_loop()
        return loop.fence_hit(call, way_out) if isinstance(loop, FencedLoop) else HarnessError(f"{call}: {way_out}")


class _Desk:
    """Where one partner is asked: its face, and its link."""

    def __init__(self, url: str, link: Link, life: Incarnation) -> None:
        scheme, _, rest = url.rstrip("/").partition("://")
        origin, slash, path = rest.partition("/")
        host, _, port = origin.partition(":")
        if scheme not in _PORTS or not host or not (port.isdecimal() or not port):
            raise BadInput("not a base URL", value=url, hint="write http://host, with a port and a path where needed")
        self.place = (host.lower().encode("ascii"), int(port) if port else _PORTS[scheme])
        self.path = slash + path
        self._link = link
        self._life = life
        self._env = link.env
        self._face = Face(link.partner, link.partner.ground.dice)
        self._clients: dict[float, HttpClient] = {}
        self._unread = count(1).__next__

    async def answer(self, request: HttpRequest, target: str) -> Any:
        """Answer a request for this partner."""
        body = await request.aread()
        env, face, flavour = self._env, self._face, flavour_of(request)
        if request.method == "GET" and target in (CLOCK, OPENAPI):
            said = face.clock() if target == CLOCK else face.openapi
            return response(flavour, Told(200, said), env.now, 0.0)
        patience, sent = request.extensions.get("timeout", {}).get(_READ), env.now
        patience = inf if patience is None else patience
        try:
            asked = face.ask(request.method, target, headers_of(request.headers.raw), body)
        except Rejected as error:
            return await self._turn_away(flavour, error, patience)
        try:
            reply = await self._client(asked.signed_in_at).call(
                asked.request,
                timeout=patience,
                idempotency_key=asked.idempotency_key,
                attempt=self._attempt(asked),
                headers=asked.headers,
            )
        except CallError as error:
            return failed(flavour, face, error, env.now - sent)
        now = env.now
        return response(flavour, Told(200, face.reply(reply)), now, now - sent)

    def _client(self, signed_in_at: float) -> HttpClient:
        client = self._clients.get(signed_in_at)
        if client is None:
            if len(self._clients) >= _KEPT:
                self._clients.clear()
            client = self._clients[signed_in_at] = HttpClient(self._link, self._life, signed_in_at)
        return client

    def _attempt(self, asked: Asked) -> int:
        """Who does not number his attempts has them counted, by business key."""
        if ATTEMPT in asked.headers:
            return asked.attempt
        line, attempts = self._link.lines[type(asked.request)], self._link.attempts
        key = line.key_of(asked.request)
        if not key:
            return 1
        place = f"{line.name}/{key}"
        count = attempts[place] = attempts.get(place, 0) + 1
        return count

    async def _turn_away(self, flavour: Flavour, error: Rejected, patience: float) -> Any:
        """What the partner cannot read takes the trip all the same, and is recorded."""
        partner, trip = self._link.partner, self._link.latency(f"unread/{self._unread()}")
        in_time = trip <= patience
        await pause(self._env, min(trip, patience))
        seen: CallError = error if in_time else TimedOut(f"no reply from {partner.name} in time")
        took = min(trip, patience)
        if isinstance(error, Unread):
            error.record(partner, seen, took)
        else:
            partner.evidence.call(partner.name, "", "", "", "", 1, seen.outcome, seen.status, took, "", "", seen.code)
        return failed(flavour, self._face, seen, took)
