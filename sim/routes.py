"""HTTP routes, read off the operations that a partner declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, get_origin
from urllib.parse import parse_qsl

import msgspec

from seatrial.sim.envelopes import UNREADABLE
from seatrial.sim.errors import Rejected
from seatrial.sim.operation import Operation, Request

NOTHING: Mapping[str, Any] = MappingProxyType({})
_FIELD = re.compile(r"\{(\w+)\}")


class Route:
    """Where an operation is found over HTTP: fields in the path, then for GET the query, else the JSON body."""

    __slots__ = ("_body", "_lists", "_pattern", "in_path", "operation")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.in_path: tuple[str, ...] = tuple(_FIELD.findall(operation.path))
        # numbers of documents may hold a slash (`SF-1/R1`): a field takes what is left to it
        self._pattern = re.compile(
            "".join(
                f"(?P<{part}>.+?)" if place % 2 else re.escape(part)
                for place, part in enumerate(_FIELD.split(operation.path))
            )
        )
        self._body = msgspec.json.Decoder(operation.request)
        fields = msgspec.structs.fields(operation.request) if operation.method == "GET" else ()
        self._lists = tuple(each.name for each in fields if get_origin(each.type) is tuple)

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """The fields in a path that belongs to this route, or None."""
        if method != self.operation.method:
            return None
        found = self._pattern.fullmatch(path)
        return found.groupdict() if found else None

    def read(self, fields: Mapping[str, str], query: str, body: bytes) -> Request[Any]:
        """The request of a call. Raises Rejected (400 `invalid_request`) with what is wrong where."""
        kind = self.operation.request
        try:
            if self.operation.method == "GET":
                asked = self._asked(query) if query else NOTHING
                request: Request[Any] = msgspec.convert({**asked, **fields}, kind, strict=False)
            elif fields:
                given = msgspec.json.decode(body or b"{}", type=dict[str, Any])
                request = msgspec.convert({**given, **fields}, kind)
            else:
                request = self._body.decode(body or b"{}")
        except UNREADABLE as error:
            raise Rejected("invalid_request", str(error), status=400) from error
        return request

    def _asked(self, query: str) -> dict[str, Any]:
        """Fields in a query; one that takes a list stands there once for each element, as OpenAPI has it."""
        pairs = parse_qsl(query, keep_blank_values=True)
        asked: dict[str, Any] = dict(pairs)
        return asked | {name: [value for key, value in pairs if key == name] for name in self._lists if name in asked}


def routes_of(operations: Iterable[Operation]) -> tuple[Route, ...]:
    """The routes of a partner; paths with fewer fields come first, so that a fixed path is never taken for one."""
    return tuple(
        sorted((Route(each) for each in operations), key=lambda route: (len(route.in_path), route.operation.path))
    )


class RouteTable:
    """The routes of a partner, looked up by method and path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        routes = routes_of(operations)
        self._fixed = {(each.operation.method, each.operation.path): each for each in routes if not each.in_path}
        self._others = tuple(each for each in routes if each.in_path)
        self._by_start: dict[tuple[str, str], list[Route]] = {}
        for each in self._others:
            self._by_start.setdefault((each.operation.method, _start(each.operation.path)), []).append(each)
        self._anywhere = tuple(each for each in self._others if "{" in _start(each.operation.path))

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """The route and the fields in the path. Raises Rejected: 404 `unknown_route`, 405 `method_not_allowed`."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, NOTHING
        nearby = self._by_start.get((method, _start(path)), ())
        for route in (*nearby, *self._anywhere) if self._anywhere else nearby:
            fields = route.match(method, path)
            if fields is not None:
                return route, fields
        others = [each.operation.method for each in (*self._fixed.values(), *self._others) if _is_at(each, path)]
        if others:
            what = f"{path} takes {', '.join(sorted(set(others)))}, not {method}"
            raise Rejected("method_not_allowed", what, status=405)
        raise Rejected("unknown_route", f"nothing is found at {method} {path}; see /openapi.json", status=404)


def _start(path: str) -> str:
    """The first step of a path: routes that begin otherwise need not be looked at."""
    return path[1:].partition("/")[0]


def _is_at(route: Route, path: str) -> bool:
    return route.match(route.operation.method, path) is not None
