"""HTTP routes and OpenAPI, both read off the operations that a partner declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from seatrial.sim.errors import Rejected
from seatrial.sim.operation import Operation, Request
from seatrial.sim.quantities import quantity_schema

_FIELD = re.compile(r"\{(\w+)\}")


class Route(msgspec.Struct, frozen=True):
    """Where an operation is found over HTTP: fields in the path, then for GET the query, else the JSON body."""

    operation: Operation
    """What is asked for."""

    @property
    def in_path(self) -> tuple[str, ...]:
        """Fields of the request that stand in the path."""
        return tuple(_FIELD.findall(self.operation.path))

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """The fields in a path that belongs to this route, or None."""
        if method != self.operation.method:
            return None
        # numbers of documents may hold a slash (`SF-1/R1`): a field takes what is left to it
        pattern = "".join(
            f"(?P<{part}>.+?)" if place % 2 else re.escape(part)
            for place, part in enumerate(_FIELD.split(self.operation.path))
        )
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None

    def read(self, fields: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Request[Any]:
        """The request of a call. Raises Rejected (400 `invalid_request`) with what is wrong where."""
        try:
            if self.operation.method == "GET":
                request: Request[Any] = msgspec.convert({**query, **fields}, self.operation.request, strict=False)
            else:
                given = msgspec.json.decode(body or b"{}", type=dict[str, Any])
                request = msgspec.convert({**given, **fields}, self.operation.request)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise Rejected("invalid_request", str(error), status=400) from error
        return request


def routes_of(operations: Iterable[Operation]) -> tuple[Route, ...]:
    """The route table of a partner; paths with fewer fields come first, so that a fixed path is never taken for one."""
    return tuple(
        sorted((Route(each) for each in operations), key=lambda route: (len(route.in_path), route.operation.path))
    )


def openapi_of(title: str, operations: Iterable[Operation]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a partner."""
    routes = routes_of(operations)
    types = [kind for route in routes for kind in (route.operation.request, route.operation.reply)]
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=quantity_schema, ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for route, request, reply in zip(routes, schemas[::2], schemas[1::2], strict=True):
        described = _described(route, request, reply, components)
        paths.setdefault(route.operation.path, {})[route.operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {"schemas": components},
    }


def _described(
    route: Route, request: dict[str, Any], reply: dict[str, Any], components: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    operation = route.operation
    name = request["$ref"].rpartition("/")[2]
    fields = components[name].get("properties", {})
    in_query = [field for field in fields if field not in route.in_path] if operation.method == "GET" else []
    places = [(field, "path") for field in route.in_path] + [(field, "query") for field in in_query]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {"name": field, "in": place, "required": place == "path", "schema": fields.get(field, {})}
            for field, place in places
        ],
        "responses": {"200": {"description": "done", "content": {"application/json": {"schema": reply}}}},
    }
    if operation.method != "GET":
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": request}}}
    return described
