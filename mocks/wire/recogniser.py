"""Recognises a request on a socket: which operation of which partner, about which document of which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from seatrial.sim.call import REQUEST, Call
from seatrial.sim.envelopes import ATTEMPT, IDEMPOTENCY_KEY
from seatrial.sim.errors import Rejected
from seatrial.sim.operation import Operation
from seatrial.sim.routes import NOTHING, Route, RouteTable
from seatrial.sim.rulebook import ArmedRule, Rulebook

READS: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""


class Asked(msgspec.Struct, frozen=True):
    """A request whose operation is known; its body has not been looked at."""

    operation: str
    """Name of the operation."""
    document: str
    """Class of the document that it creates."""
    lane: list[ArmedRule]
    """The rules that may strike it; nobody has to look further where it is empty."""
    route: Route | None
    """The declared route; None for a call of an endpoint that is not ours."""
    fields: Mapping[str, str]
    """Fields in the path."""
    query: str
    """What follows the question mark."""


class Recogniser:
    """Knows the calls of one partner. Calls that a partner does not have are None: no rule can aim at them."""

    def __init__(
        self, partner: str, kind: str, operations: Iterable[Operation], rulebook: Rulebook, *, open_ended: bool = False
    ) -> None:
        self.partner = partner
        self.kind = kind
        self._rulebook = rulebook
        self._routes = None if open_ended else RouteTable(operations)
        self._attempts: dict[str, int] = {}

    def find(self, method: str, target: str) -> Asked | None:
        """The operation at a method and a request target (path and query)."""
        path, _, query = target.partition("?")
        if self._routes is None:
            name, access = f"{method} {path}", "read" if method in READS else "write"
            lane = self._rulebook.aimed_at(self.partner, self.kind, name, REQUEST, access)
            return Asked(name, "", lane, None, NOTHING, query)
        try:
            route, fields = self._routes.find(method, unquote(path) if "%" in path else path)
        except Rejected:
            return None
        each = route.operation
        lane = self._rulebook.lane(self.partner, self.kind, each.name, REQUEST, each.access)
        return Asked(each.name, each.document, lane, route, fields, query)

    def call(self, asked: Asked, headers: Mapping[str, str], body: bytes, since: float, now: float) -> Call:
        """The call as rules see it; its headers can be looked up in any spelling if those given can.

        Who does not number his attempts has them counted here, by business key.
        """
        own = headers.get(IDEMPOTENCY_KEY, "")
        key, order = (own, "") if asked.route is None else _about(asked.route, asked, body)
        told = headers.get(ATTEMPT, "")
        attempt = int(told) if told.isdecimal() and len(told) < 5 else self._count(asked.operation, key)
        return Call(
            self.partner,
            asked.operation,
            REQUEST,
            key,
            order,
            max(1, attempt),
            own,
            since,
            now,
            headers=headers,
        )

    def _count(self, operation: str, key: str) -> int:
        if not key:
            return 1
        name = f"{operation} {key}"
        self._attempts[name] = count = self._attempts.get(name, 0) + 1
        return count


def _about(route: Route, asked: Asked, body: bytes) -> tuple[str, str]:
    """Business key and order number; a request that the partner will refuse to read is about nothing."""
    try:
        request: Any = route.read(asked.fields, asked.query, body)
    except Rejected:
        return "", ""
    return str(route.operation.key_of()(request)), str(route.operation.order_of()(request))
