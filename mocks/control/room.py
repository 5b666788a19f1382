"""The control room: state, faults, orders and the live page of a running world, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from seatrial.mocks.control.faultlist import FaultList, fault_list
from seatrial.mocks.control.gate import CAREFUL, NOTHING_ELSE, Gate
from seatrial.mocks.control.livepage import live_page
from seatrial.mocks.control.lookout import Lookout
from seatrial.mocks.control.picture import Picture
from seatrial.mocks.control.stream import Broadcast
from seatrial.mocks.control.switchboard import Arms, Switchboard, WriteRule
from seatrial.mocks.control.words import (
    CompleteOrder,
    OrderWish,
    Words,
    channel_of,
    clipped,
    decoded,
    known_events,
    refused,
)
from seatrial.mocks.wire.asgi import HTML, JSON, Headers, Receive, Scope, Send, body_of, refuse, reply
from seatrial.mocks.wire.connection import EXTENSION
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.paced import PacedClock
from seatrial.sim.world import World

NAME: Final = "control"
"""Name of the application among those of a waterfront."""
_BEAT: Final = 0.5
"""Real seconds between two looks at the log; every second one is a picture."""
_AT_ONCE: Final = 50
"""Calls that are told at a time, at most: the newest."""
_MOST_CALLS: Final = 500
_RULES: Final = "/api/rules/"
_JSON_HEADERS: Final[Headers] = [JSON, *CAREFUL, NOTHING_ELSE]


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """What a control room steers, and what it is told by those who know scenarios."""

    world: World
    """The world."""
    clock: PacedClock
    """Its business time."""
    title: str
    """What the page is called: the scenario or the world."""
    write_rule: WriteRule
    """Makes a rule of what is written."""
    complete_order: CompleteOrder
    """Makes an order of what is wished."""
    failed: Callable[[BaseException], None]
    """Told of a fault of ours."""
    arms: Arms | None = None
    """Who carries out rules; none: the world's rulebook alone."""
    unwanted: tuple[str, ...] = ()
    """Faults that cannot be armed here."""
    dependencies: tuple[str, ...] = ()
    """Databases and brokers that can be struck, by name."""
    load: Callable[[bytes], tuple[int, bytes]] | None = None
    """Takes the reports of load generators, as they are; gives status and JSON. None: there is no load here."""
    stray: Callable[[bytes], tuple[int, bytes]] | None = None
    """Lets goods turn up, by the JSON that asks for it; gives status and JSON. None: there is no such thing here."""
    on_freeze: Callable[[bool], None] | None = None
    """Told that business time stands still, or goes on."""


class _Ask(NamedTuple):
    """A request that was let in."""

    query: Mapping[str, str]
    body: bytes
    tail: str  # what follows the route in the path


_Handler = Callable[[_Ask], object]


class ControlRoom:
    """An ASGI application. `begin` it on the running loop, `end` it before its server closes.

    `placed` are the numbers of orders that somebody had placed here.

    Every request passes the gate; refusals have the shape of `sim/envelopes.py`: 404 `unknown_route`, 405
    `wrong_method`, 415 `wrong_type`, and those of what is asked.
    """

    def __init__(self, bridge: Bridge, token: str) -> None:
        world, clock = bridge.world, bridge.clock
        self.token = token
        self.lookout = Lookout(world, clock, bridge.title)
        self.switchboard = Switchboard(bridge.arms or world.rulebook, clock, world.evidence, bridge.write_rule)
        self.placed: list[str] = []
        self._bridge = bridge
        self._gate = Gate(token)
        self._broadcast = Broadcast()
        self._told = 0
        self._beating: asyncio.Task[None] | None = None
        self._routes: Mapping[str, Mapping[str, _Handler]] = {
            "/api/state": {"GET": lambda _: self.look()},
            "/api/rules": {"GET": self._rules, "POST": self._arm, "DELETE": self._disarm_all},
            _RULES: {"DELETE": self._disarm},
            "/api/faults": {"GET": self._faults},
            "/api/calls": {"GET": self._calls},
            "/api/orders": {"POST": self._place},
            "/api/freeze": {"POST": lambda _: self._freeze(still=True)},
            "/api/thaw": {"POST": lambda _: self._freeze(still=False)},
            "/strays": {"POST": self._stray},
            "/load": {"POST": self._load},
            "/observer": {"POST": self._observe},
        }

    def address(self, base: str) -> str:
        """Where the page is, given the base URL of this application: with its token, to be opened as it stands."""
        return f"{base}/?token={self.token}"

    def begin(self) -> None:
        """Look at the log from now on."""
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def end(self) -> None:
        """Look no more, and let every watcher go."""
        self._broadcast.close()
        self.switchboard.close()
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating

    def look(self) -> Picture:
        """The business picture of now."""
        return self.lookout.look(self.switchboard.switches())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            query = self._gate.enter(scope)
            method, path = scope["method"], scope["path"]
            if method == "GET" and path == "/":
                page = live_page()
                await reply(send, 200, page.body, [HTML, *CAREFUL, (b"content-security-policy", page.policy)])
            elif method == "GET" and path == "/api/events":
                await self._stream(scope, receive, send)
            else:
                body = await _json_body(scope, receive)
                await self._answer(method, path, _Ask(query, body, ""), send)
        except Rejected as error:
            await refuse(send, error, _JSON_HEADERS)
        except BadInput as error:
            await refuse(send, refused(error), _JSON_HEADERS)

    async def _answer(self, method: str, path: str, ask: _Ask, send: Send) -> None:
        if path.startswith(_RULES) and len(path) > len(_RULES):
            ask, path = ask._replace(tail=path.removeprefix(_RULES)), _RULES
        methods = self._routes.get(path)
        if methods is None:
            known = ", ".join(("/", "/api/events", *self._routes))
            raise Rejected("unknown_route", f"no {path!r} · known: {known}", status=404)
        handler = methods.get(method)
        if handler is None:
            raise Rejected("wrong_method", f"{path} knows {', '.join(methods)}", status=405)
        said = handler(ask)
        if said is None:
            await reply(send, 204, b"", [*CAREFUL, NOTHING_ELSE])
        elif isinstance(said, tuple):
            await reply(send, said[0], said[1], _JSON_HEADERS)
        else:
            await reply(send, 200, msgspec.json.encode(said), _JSON_HEADERS)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._publish(None)  # what a newcomer hears at once is not told to him again
        hello = [
            ("trends", msgspec.json.encode({name: list(line) for name, line in self.lookout.trends.items()})),
            ("state", msgspec.json.encode(self.look())),
            ("calls", msgspec.json.encode(self.lookout.recent(_AT_ONCE)[::-1])),
        ]
        stayed = await self._broadcast.serve(receive, send, hello)
        connection = (scope.get("extensions") or {}).get(EXTENSION)
        if not stayed and connection is not None:
            await connection.reset()

    async def _beat(self) -> None:
        try:
            while True:
                await asyncio.sleep(_BEAT)
                self._publish(None)
                await asyncio.sleep(_BEAT)
                self.switchboard.sweep()
                picture = self.look()
                self.lookout.remember(picture)
                self._publish(picture)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is ours)
            self._bridge.failed(error)

    def _publish(self, picture: Picture | None) -> None:
        """Tell watchers what is new; without any, nothing is put together."""
        if len(self._broadcast):
            fresh = self.lookout.recent(_AT_ONCE, self._told)[::-1]
            self._broadcast.publish(msgspec.json.encode(picture) if picture else None, fresh)
        self._told = self.lookout.calls

    # what can be asked

    def _rules(self, ask: _Ask) -> object:
        return {"rules": self.switchboard.switches(), "coverage": self.switchboard.coverage}

    def _faults(self, ask: _Ask) -> FaultList:
        bridge = self._bridge
        partners = bridge.world.partners.values()
        return fault_list(partners, unwanted=bridge.unwanted, dependencies=bridge.dependencies)

    def _calls(self, ask: _Ask) -> object:
        limit = ask.query.get("limit", "100")
        if not limit.isdecimal() or len(limit) > 6 or not 0 < int(limit) <= _MOST_CALLS:
            raise Rejected("invalid_limit", f"limit={limit[:20]!r} · 1 to {_MOST_CALLS}", status=400)
        return {"calls": self.lookout.recent(int(limit))}

    # what can be done

    def _arm(self, ask: _Ask) -> object:
        if self.lookout.phase == "calm":
            raise Rejected("calm", "the calm phase has begun: no fault is armed any more", status=409)
        return self.switchboard.arm(decoded(ask.body, dict[str, object]))

    def _disarm(self, ask: _Ask) -> None:
        self.switchboard.disarm(ask.tail)

    def _disarm_all(self, ask: _Ask) -> object:
        return {"disarmed": self.switchboard.disarm_all()}

    def _freeze(self, *, still: bool) -> object:
        clock, told = self._bridge.clock, self._bridge.on_freeze
        if clock.frozen != still:
            clock.freeze() if still else clock.thaw()
            if told is not None and clock.frozen == still:
                told(still)
        return {"frozen": clock.frozen, "now": round(clock.now(), 3)}

    def _place(self, ask: _Ask) -> object:
        wish, clock = decoded(ask.body, OrderWish), self._bridge.clock
        channel = channel_of(wish, self._bridge.world.partners)
        order = self._bridge.complete_order(wish, channel)
        clock.catch_up()
        sold = channel.place(order)
        clock.arm()
        if sold is not None:
            self.placed.append(sold.order_no)
        return {"order": sold}

    def _stray(self, ask: _Ask) -> tuple[int, bytes]:
        clock, stray = self._bridge.clock, self._bridge.stray
        if stray is None:
            raise Rejected("no_shoppers", "nobody here sends goods back unasked", status=409)
        clock.catch_up()
        answer = stray(ask.body)
        clock.arm()
        return answer

    def _load(self, ask: _Ask) -> object:
        if self._bridge.load is None:
            raise Rejected("no_load", "nobody here takes the reports of a load generator", status=409)
        return self._bridge.load(ask.body)

    def _observe(self, ask: _Ask) -> None:
        words, evidence = decoded(ask.body, Words), self._bridge.world.evidence
        known_events(words)
        self._bridge.clock.catch_up()
        for note in words.notes:
            key, correlation, team = map(clipped, (note.key, note.correlation, note.team))
            evidence.note(clipped(note.name), key, correlation, team, note.quantity, clipped(note.detail))
        for event in words.events:
            evidence.event(event.name, "integration", clipped(event.key), clipped(event.order_no))


async def _json_body(scope: Scope, receive: Receive) -> bytes:
    """The body of a request, which is JSON where there is one. Raises Rejected 415 `wrong_type`."""
    if scope["method"] == "GET":
        return b""
    body = await body_of(receive)
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if body and kind.partition(b";")[0].strip().lower() != b"application/json":
        raise Rejected("wrong_type", "send the body as content-type: application/json", status=415)
    return body
