"""A partner's office: takes what comes over HTTP to the doors of its operations, and lets faults strike on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from seatrial.mocks.wire.asgi import HTML, Headers, Receive, Scope, Send, body_of, refuse, reply
from seatrial.mocks.wire.connection import EXTENSION, Connection
from seatrial.mocks.wire.pages import front_page
from seatrial.mocks.wire.receiver import Listener
from seatrial.mocks.wire.stopwatch import stopwatch
from seatrial.mocks.wire.strike import suffer
from seatrial.mocks.wire.visit import Visit
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.envelopes import ATTEMPT, BUSINESS_TIME, CORRELATION, STRUCK, TRACE
from seatrial.sim.errors import Rejected
from seatrial.sim.exchange import Exchange, Line, Lines
from seatrial.sim.fate import Deliver, Drip
from seatrial.sim.fault import Decision
from seatrial.sim.http_face import CLOCK, OPENAPI, Asked, Face, Unread, headers_of
from seatrial.sim.latency import sampler
from seatrial.sim.operation import Operation, Request
from seatrial.sim.paced import PacedClock
from seatrial.sim.partner import Partner

_AN_INSTANT: Final = 0.001
"""Seconds within which the partner's work and the row about it belong to one moment."""


SideDoor = Callable[[str, str, Mapping[str, str], bytes], tuple[int, bytes]]
"""Answers method, path, query and body with status and JSON: what is not the integration's way in."""


class Office:
    """One partner over HTTP: its operations, its OpenAPI document and page, the clock.

    What begins with the name of one of its `side_doors` is answered there, at once and without a trace.

    Latency, gates and fates take real time, the partner's work takes none; what happened is written as the caller saw
    it, as far as a server can know: a caller that left before its reply is `timed_out`.
    """

    def __init__(self, partner: Partner, clock: PacedClock, caller: Listener) -> None:
        ground = partner.ground
        self.partner = partner
        self.face = Face(partner, ground.dice)
        self._clock = clock
        self._caller = caller
        self._evidence = ground.evidence
        self._rulebook = ground.rulebook
        self._latency = sampler(partner.conduct.latency, ground.dice, partner.name)
        self._slow = partner.conduct.latency.quantile(0.99)
        self._attempts: defaultdict[str, int] = defaultdict(int)
        self.side_doors: dict[str, SideDoor] = {}
        self._lines = Lines(partner)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = stopwatch()
        headers = headers_of(scope["headers"])
        side = self.side_doors.get(scope["path"][1:].partition("/")[0]) if self.side_doors else None
        if side is not None:
            await self._at_the_side(side, scope, receive, send)
            return
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target = f"{target}?{scope['query_string'].decode('latin-1')}"
        try:
            body = b"" if scope["method"] == "GET" else await body_of(receive)
            asked = self.face.ask(scope["method"], target, headers, body)
        except Unread as error:
            self._clock.catch_up()
            error.record(self.partner, error, stopwatch() - began)
            await refuse(send, error, self._headers(b"application/json"))
            return
        except Rejected as error:
            await self._sidestep(scope, error, send)
            return
        await self._serve(asked, scope["extensions"][EXTENSION], send, began)

    def take(self, operation: Operation, request: Request[Any]) -> Any:
        """Have the partner do what a file asks for. Raises Rejected."""
        line = self._lines[operation.request]
        call = self._call(line, Asked(operation, request, 0.0))
        outcome, status, code = "ok", 200, ""
        try:
            return line.door.act(call, request, self._clock.catch_up())
        except Rejected as error:
            outcome, status, code = error.outcome, error.status, error.code
            raise
        finally:
            self._evidence.call(
                call.partner, call.operation, line.document, call.key, call.order, call.attempt, outcome, status, 0.0,
                "", "", code,
            )  # fmt: skip
            self._clock.arm()

    async def _at_the_side(self, side: SideDoor, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = b"" if scope["method"] == "GET" else await body_of(receive)
        except Rejected as error:
            await refuse(send, error)
            return
        self._clock.catch_up()
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        status, answer = side(scope["method"], scope["path"], query, body)
        self._clock.arm()
        await reply(send, status, answer, self._headers(b"application/json"))

    async def _serve(self, asked: Asked, connection: Connection, send: Send, began: float) -> None:
        line = self._lines[type(asked.request)]
        if line.lane:  # rules have their windows, also where nothing else has happened for a while
            self._clock.catch_up()
        call = self._call(line, asked)
        trip = self._latency(f"{line.name}/{call.key or line.count()}/{call.attempt}") if self._slow else 0.0
        visit = Visit(Exchange(line, call, asked.request, trip, inf), self.face, self._clock, connection, send)
        decision = self._rulebook.decide(line.lane, call) if line.lane else None
        try:
            if decision is None:
                await visit.go_through()
            else:
                await suffer(visit, decision.fate, self._caller)
        finally:
            if STRUCK not in asked.headers:
                self._write(visit, decision, (connection.lost_at or stopwatch()) - began, _trace(asked))

    def _call(self, line: Line, asked: Asked) -> Call:
        request = asked.request
        key, order = line.key_of(request), line.order_of(request)
        attempt = asked.attempt
        if ATTEMPT not in asked.headers and key:
            place = f"{line.name}/{key}"
            attempt = self._attempts[place] = self._attempts[place] + 1
        return Call(
            self.partner.name, line.name, REQUEST, key, order, attempt, asked.idempotency_key,
            asked.signed_in_at, self._clock.now(), headers=asked.headers,
        )  # fmt: skip

    def _write(self, visit: Visit, decision: Decision | None, waited: float, trace: str) -> None:
        call, document = visit.exchange.call, visit.exchange.line.document
        rule = decision.rule if decision else ""
        if waited > _AN_INSTANT:
            self._clock.catch_up()
        self._evidence.call(
            call.partner, call.operation, document, call.key, call.order, call.attempt, visit.outcome,
            visit.status, waited, rule, trace, visit.code,
        )  # fmt: skip
        if decision is not None:
            gentle = isinstance(decision.fate, Deliver | Drip)
            mattered = not gentle or visit.outcome != "ok" or waited > self._slow
            self._rulebook.settle(call, decision, mattered)

    async def _sidestep(self, scope: Scope, error: Rejected, send: Send) -> None:
        """What is no operation: the pages, or a refusal."""
        path = scope["path"] if scope["method"] == "GET" else ""
        self._clock.catch_up()
        if path == CLOCK:
            await reply(send, 200, self.face.clock(), self._headers(b"application/json"))
        elif path == OPENAPI:
            await reply(send, 200, self.face.openapi, self._headers(b"application/json"))
        elif path == "/":
            await reply(send, 200, front_page(self.partner, msgspec.json.decode(self.face.openapi)).encode(), (HTML,))
        else:
            await refuse(send, error, self._headers(b"application/json"))

    def _headers(self, kind: bytes) -> Headers:
        return [(b"content-type", kind), (BUSINESS_TIME.encode(), b"%.6f" % self._clock.now())]


def _trace(asked: Asked) -> str:
    """What the caller says itself about which piece of work the call belongs to."""
    headers = asked.headers
    return headers.get(TRACE) or headers.get(CORRELATION) or ""
