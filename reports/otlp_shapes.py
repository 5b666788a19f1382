"""The shapes of OTLP traces as JSON: what OpenTelemetry calls resource, span, event and link."""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import msgspec


class SpanKind(IntEnum):
    """Part that a span plays: the words of OpenTelemetry."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4


class StatusCode(IntEnum):
    """How a span ended; what OpenTelemetry leaves to others stays unset."""

    UNSET = 0
    ERROR = 2


class _Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What holds of all of them: members in lowerCamelCase, nothing written that says nothing.

    They never form circles and there are millions of them: the garbage collector need not look at them.
    """


class Value(_Shape, frozen=True, kw_only=True):
    """A value: one of the two is given."""

    string_value: str | None = None
    """A text."""
    int_value: str | None = None
    """A whole number; 64 bits are text in JSON."""


class Attribute(_Shape, frozen=True, kw_only=True):
    """A name and its value."""

    key: str
    """Dotted name."""
    value: Value
    """What it is."""


class Event(_Shape, frozen=True, kw_only=True):
    """Something that happened at one moment of a span."""

    time_unix_nano: str
    """Nanoseconds since 1970."""
    name: str
    """What happened."""
    attributes: tuple[Attribute, ...] = ()
    """About what."""


class Link(_Shape, frozen=True, kw_only=True):
    """Another span that this one has to do with and is no part of."""

    trace_id: str
    """Its trace, 32 hexadecimal digits."""
    span_id: str
    """The span, 16 hexadecimal digits."""
    attributes: tuple[Attribute, ...] = ()
    """How they belong together."""


class Status(_Shape, frozen=True, kw_only=True):
    """How a span ended."""

    code: StatusCode = StatusCode.UNSET
    """Unset, or error."""
    message: str = ""
    """Why, in the word of the evidence."""


class Span(_Shape, frozen=True, kw_only=True):
    """A stretch of time in one place."""

    trace_id: str
    """The trace, 32 hexadecimal digits."""
    span_id: str
    """The span, 16 hexadecimal digits."""
    parent_span_id: str = ""
    """The span that it is part of; empty: it is the root."""
    name: str
    """What went on."""
    kind: SpanKind
    """Which part it plays."""
    start_time_unix_nano: str
    """Nanoseconds since 1970."""
    end_time_unix_nano: str
    """Nanoseconds since 1970."""
    attributes: tuple[Attribute, ...] = ()
    """About what."""
    events: tuple[Event, ...] = ()
    """What happened meanwhile."""
    links: tuple[Link, ...] = ()
    """What else it has to do with."""
    status: Status | None = None
    """None: nothing went wrong."""


class Scope(_Shape, frozen=True, kw_only=True):
    """Who says so."""

    name: str
    """Name of the instrument."""


class ScopeSpans(_Shape, frozen=True, kw_only=True):
    """Spans of one instrument."""

    scope: Scope
    """The instrument."""
    spans: tuple[Span, ...]
    """Its spans."""


class Resource(_Shape, frozen=True, kw_only=True):
    """Who it happened to: a partner."""

    attributes: tuple[Attribute, ...]
    """Its name and the run's."""


class ResourceSpans(_Shape, frozen=True, kw_only=True):
    """All spans of a partner."""

    resource: Resource
    """The partner."""
    scope_spans: tuple[ScopeSpans, ...]
    """By instrument."""


class TracesData(_Shape, frozen=True, kw_only=True):
    """A message of traces."""

    resource_spans: tuple[ResourceSpans, ...]
    """By partner."""


def told(**attributes: str | int) -> tuple[Attribute, ...]:
    """Attributes of the run; a `_` in a name stands for its dot. What is empty or 0 is not said."""
    return tuple([attribute(_dotted(name), value) for name, value in attributes.items() if value])


def attribute(key: str, value: str | int) -> Attribute:
    """One attribute."""
    if isinstance(value, str):
        return Attribute(key=key, value=Value(string_value=value))
    return Attribute(key=key, value=Value(int_value=str(value)))


@cache
def _dotted(name: str) -> str:
    return f"seatrial.{name.replace('_', '.')}"
