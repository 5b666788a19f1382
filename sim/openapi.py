"""OpenAPI: what a partner can be asked, how it knows its callers and their repeated writes, and how it says no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

import msgspec

from seatrial.sim.attributedocs import attribute_docs
from seatrial.sim.conduct import Conduct
from seatrial.sim.envelopes import Refusal
from seatrial.sim.events import EVENTS
from seatrial.sim.notice import Notice
from seatrial.sim.operation import Operation
from seatrial.sim.quantities import quantity_schema
from seatrial.sim.routes import NOTHING, Route, routes_of
from seatrial.sim.session import SignIn
from seatrial.sim.units import format_duration

_REFUSAL: Final = {"$ref": "#/components/schemas/Refusal"}
_PLAIN: Final = Conduct()
_SCHEMES: Final = {"token": {"type": "http", "scheme": "bearer", "description": "The token that POST /sign-in gives."}}
_HEADERS: Final = {
    "Attempt": {
        "name": "X-Attempt",
        "in": "header",
        "schema": {"type": "integer", "minimum": 1},
        "description": "Number of the attempt, for callers that count; else attempts are counted by business key.",
    },
    "Correlation": {
        "name": "X-Correlation-Id",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The caller's own correlation id: recorded and otherwise ignored, as is `traceparent`.",
    },
}
_NOBODY_LOOKS: Final = "Nothing looks at it here: a write that is repeated is done again."
_ANY_CALL: Final = [{"$ref": f"#/components/parameters/{name}"} for name in _HEADERS]
_WAIT: Final = {
    "Retry-After": {
        "schema": {"type": "string"},
        "description": "How long to wait, in seconds or as a date; most refusals have none.",
    }
}


def openapi_of(
    title: str,
    operations: Iterable[Operation],
    events: Mapping[str, type[msgspec.Struct]] = NOTHING,
    conduct: Conduct = _PLAIN,
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a partner: what can be asked and with what headers, how it says no, and what it tells
    by webhook.
    """
    routes = routes_of(operations)
    asked = [kind for route in routes for kind in (route.operation.request, route.operation.reply)]
    told = [Notice, *events.values()]
    schemas, components = msgspec.json.schema_components(
        [*asked, Refusal, *told], schema_hook=quantity_schema, ref_template="#/components/schemas/{name}"
    )
    _describe(components, _structs_in([*asked, Refusal, *told]))
    paths: dict[str, dict[str, Any]] = {}
    for route, request, reply in zip(routes, schemas[: len(asked) : 2], schemas[1 : len(asked) : 2], strict=True):
        described = _described(route, request, reply, components, conduct)
        paths.setdefault(route.operation.path, {})[route.operation.method.lower()] = described
    notice, *bodies = schemas[len(asked) + 1 :]
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "webhooks": {event: _told(event, notice, body) for event, body in zip(events, bodies, strict=True)},
        "components": {"schemas": components, "parameters": _HEADERS, "securitySchemes": _SCHEMES},
        "security": [{"token": []}] if conduct.auth.by_token else [],
    }


def _describe(components: dict[str, dict[str, Any]], structs: Mapping[str, type[msgspec.Struct]]) -> None:
    """Say under every field what it is; a notice's body is an object whose type belongs to the event."""
    components.pop("Struct", None)
    for name, component in components.items():
        fields = component.get("properties", {})
        for field, doc in attribute_docs(structs[name]).items() if name in structs else ():
            fields[field] = {**fields[field], "description": doc}
    components["Notice"]["properties"]["body"] = {"type": "object", "description": "The type belongs to the event."}


def _structs_in(kinds: Iterable[Any]) -> dict[str, type[msgspec.Struct]]:
    """These types and all that their fields are made of, by name."""
    found: dict[str, type[msgspec.Struct]] = {}
    ahead = list(kinds)
    while ahead:
        kind = ahead.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__name__ not in found:
            found[kind.__name__] = kind
            ahead.extend(field.type for field in msgspec.structs.fields(kind))
        else:
            ahead.extend(get_args(kind))
    return found


def _told(event: str, notice: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    schema = {"allOf": [notice, {"properties": {"event": {"const": event}, "body": body}}]}
    return {
        "post": {
            "operationId": event,
            "summary": EVENTS[event].meaning if event in EVENTS else event,
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"2XX": {"description": "taken; anything else is tried again by the retry schedule"}},
        }
    }


def _key_of(operation: Operation, conduct: Conduct) -> dict[str, Any]:
    policy = conduct.idempotency_of(operation)
    told = " ".join((type(policy).__doc__ or "").partition("\n\n")[0].split()) if policy is not None else ""
    retention = getattr(policy, "retention", None)
    told += "" if retention is None else f" It is known for {format_duration(retention)} of business time."
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string"},
        "description": f"The same on every attempt of one piece of work. {told or _NOBODY_LOOKS}",
    }


def _described(
    route: Route,
    request: dict[str, Any],
    reply: dict[str, Any],
    components: Mapping[str, dict[str, Any]],
    conduct: Conduct,
) -> dict[str, Any]:
    operation = route.operation
    name = request["$ref"].rpartition("/")[2]
    fields, needed = components[name].get("properties", {}), components[name].get("required", ())
    in_query = [field for field in fields if field not in route.in_path] if operation.method == "GET" else []
    places = [(field, "path") for field in route.in_path] + [(field, "query") for field in in_query]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {
                "name": field,
                "in": place,
                "required": place == "path" or field in needed,
                "schema": fields.get(field, {}),
            }
            for field, place in places
        ]
        + ([_key_of(operation, conduct)] if operation.write else [])
        + _ANY_CALL,
        "responses": {
            "200": {"description": "done", "content": {"application/json": {"schema": reply}}},
            "default": {
                "description": "refused",
                "headers": _WAIT,
                "content": {"application/json": {"schema": _REFUSAL}},
            },
        },
    }
    if operation.request is SignIn:
        described["security"] = []
    if operation.method != "GET":
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": request}}}
    return described
