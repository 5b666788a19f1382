"""The trace of an order: its spans across all partners, their parents, links and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from seatrial.reports.ledgerwork import Worked, worked
from seatrial.reports.orderlines import Line
from seatrial.reports.otlp_shapes import (
    Attribute,
    Event,
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    attribute,
    told,
)

INTEGRATION: Final = "integration"
"""Whose span the calls are parts of."""
Placed = tuple[str, Span]
"""A span, and the partner that it belongs to."""


class Origin(NamedTuple):
    """What all traces of a run share."""

    epoch: int
    """Nanosecond since 1970 of the run's second 0."""
    run: str
    """Identity of the run; the trace of an order is named after it and the order."""

    def nano(self, micro: int) -> str:
        """A moment of the run on the wall clock of its scenario."""
        return str(self.epoch + micro * 1000)

    def trace(self, name: str) -> str:
        """Id of a trace: the same for the same order of the same scenario, seed and integration."""
        return blake2b(f"{self.run}/{name}".encode(), digest_size=16).hexdigest()


def span_id(trace: str, part: str | int) -> str:
    """Id of a span of a trace."""
    return blake2b(f"{trace}/{part}".encode(), digest_size=8).hexdigest()


def order_trace(order: str, lines: Sequence[Line], origin: Origin) -> Iterator[Placed]:
    """All spans of an order, the root first.

    The root belongs to the channel that the order was placed at. Under it every other partner has a span from the
    first to the last that it had to do with the order, with what it did of itself as events. Calls are spans of the
    integration under its own; where the partner's books show what a call did, a span of the partner under the call
    holds it. Webhooks are spans of their senders. A repeat is linked to what it repeats.
    """
    yield from _Tracing(order, lines, origin).spans()


def lone_trace(line: Line, origin: Origin) -> Placed:
    """A call or webhook that belongs to no order: a trace of one span."""
    trace = origin.trace(f"row {line.number}")
    return _sender(line), _exchange(line, origin, trace, "", ())


class _Tracing:
    """One order on its way to be a trace."""

    def __init__(self, order: str, lines: Sequence[Line], origin: Origin) -> None:
        self.order, self.lines, self.origin = order, lines, origin
        self.trace = origin.trace(order)
        placed = next((line for line in lines if line.operation == "order.placed"), None)
        self.home = (placed or lines[0]).partner
        self.placed = placed
        self.work: Worked = worked(lines)

    def spans(self) -> Iterator[Placed]:
        """The root, the stays, the calls with what they did, the webhooks."""
        begins: dict[str, int] = {}
        ends: dict[str, int] = {}
        for line in self.lines:
            who = _sender(line)
            begins[who] = min(begins.get(who, line.begin), line.begin)
            ends[who] = max(ends.get(who, line.time), line.time)
        yield self.home, self._stay(self.home, min(begins.values()), max(ends.values()))
        for who, begin in begins.items():
            if who != self.home:
                yield who, self._stay(who, begin, ends[who])
        yield from self._exchanges()

    def _stay(self, who: str, begin: int, end: int) -> Span:
        own = [line for line in self.work.unasked if line.partner == who]
        root = who == self.home
        return Span(
            trace_id=self.trace,
            span_id=self._stay_id(who),
            parent_span_id="" if root else self._stay_id(self.home),
            name=f"order {self.order}" if root else f"{who} for {self.order}",
            kind=SpanKind.INTERNAL,
            start_time_unix_nano=self.origin.nano(begin),
            end_time_unix_nano=self.origin.nano(end),
            attributes=told(order=self.order, **self._bought(root)),
            events=_events(own, self.origin),
        )

    def _bought(self, root: bool) -> dict[str, int]:
        return {"units": self.placed.quantity, "amount": self.placed.amount} if root and self.placed else {}

    def _stay_id(self, who: str) -> str:
        return span_id(self.trace, "order" if who == self.home else who)

    def _exchanges(self) -> Iterator[Placed]:
        before: dict[tuple[str, ...], Line] = {}
        for line in self.lines:
            if line.kind not in ("call", "webhook"):
                continue
            name = (line.kind, line.partner, line.operation, line.key)
            links = self._link(before.get(name)) if line.attempt > 1 else ()
            before[name] = line
            who, parent = _sender(line), self._stay_id(_sender(line))
            struck = self.work.strikes.get(line.number, ())
            yield who, _exchange(line, self.origin, self.trace, parent, links, _events(struck, self.origin))
            done = self.work.done.get(line.number)
            if done:
                yield line.partner, self._served(line, done)

    def _link(self, before: Line | None) -> tuple[Link, ...]:
        if before is None:
            return ()
        how = told(link="repeats", attempt=before.attempt)
        return (Link(trace_id=self.trace, span_id=span_id(self.trace, before.number), attributes=how),)

    def _served(self, call: Line, done: Sequence[Line]) -> Span:
        """What the partner did on a call, from its first to its last entry."""
        return Span(
            trace_id=self.trace,
            span_id=span_id(self.trace, f"{call.number}/served"),
            parent_span_id=span_id(self.trace, call.number),
            name=call.operation,
            kind=SpanKind.SERVER,
            start_time_unix_nano=self.origin.nano(done[0].time),
            end_time_unix_nano=self.origin.nano(done[-1].time),
            attributes=told(key=call.key, document=call.document),
            events=_events(done, self.origin),
        )


def _sender(line: Line) -> str:
    """Whose span a row makes or falls into: a call is the caller's."""
    return INTEGRATION if line.kind == "call" else line.partner


def _exchange(
    line: Line, origin: Origin, trace: str, parent: str, links: tuple[Link, ...], events: tuple[Event, ...] = ()
) -> Span:
    """A call as its caller, a webhook as its sender saw it."""
    return Span(
        trace_id=trace,
        span_id=span_id(trace, line.number),
        parent_span_id=parent,
        name=f"{line.partner}.{line.operation}",
        kind=SpanKind.CLIENT if line.kind == "call" else SpanKind.PRODUCER,
        start_time_unix_nano=origin.nano(line.begin),
        end_time_unix_nano=origin.nano(line.time),
        attributes=tuple(_about(line)),
        events=events,
        links=links,
        status=None if line.outcome == "ok" else Status(code=StatusCode.ERROR, message=line.outcome),
    )


def _about(line: Line) -> Iterator[Attribute]:
    if line.kind == "call":
        yield attribute("peer.service", line.partner)
    if line.status:
        yield attribute("http.response.status_code", line.status)
    if line.attempt > 1:
        yield attribute("http.request.resend_count", line.attempt - 1)
    if line.outcome != "ok":
        yield attribute("error.type", line.outcome)
    what = {"key": line.key, "document": line.document, "outcome": line.outcome, "code": line.code}
    yield from told(**what, rule=line.rule, row=line.number)


def _events(lines: Iterable[Line], origin: Origin) -> tuple[Event, ...]:
    return tuple(
        Event(time_unix_nano=origin.nano(line.time), name=_named(line), attributes=_said(line)) for line in lines
    )


def _named(line: Line) -> str:
    """An event by its name in the trade; a document by what became of it: `sales_order.created`."""
    if line.kind == "commit":
        return f"{line.document}.{line.outcome}"
    return line.operation if line.kind == "event" else f"{line.kind}.{line.document or line.operation}"


def _said(line: Line) -> tuple[Attribute, ...]:
    return told(
        key=line.key,
        document_id=line.document_id,
        quantity=line.quantity,
        amount=line.amount,
        outcome=line.outcome,
        rule=line.rule,
        row=line.number,
    )
