"""OpenTelemetry: each order a trace across all partners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import BinaryIO, ClassVar, Final

import msgspec

from seatrial.reports.facts import Facts
from seatrial.reports.format import Format
from seatrial.reports.logbook import Logbook
from seatrial.reports.order_trace import Origin, Placed, lone_trace, order_trace
from seatrial.reports.orderlines import by_order, of_no_order
from seatrial.reports.otlp_shapes import Resource, ResourceSpans, Scope, ScopeSpans, Span, TracesData, attribute, told

_SCOPE: Final = Scope(name="seatrial")
_LONE: Final = 500
"""Spans of calls without an order that stand on one line."""


class Otlp(Format):
    """Traces as OTLP JSON, one message a line, for an OpenTelemetry collector (`otlpjsonfile`) and what lies behind it.

    Each order is one trace and one line: a span for every partner that had to do with it, calls and webhooks as spans,
    documents and business events as events on them, repeats linked to what they repeat. Partners are resources
    (`service.name`). Calls and webhooks that belong to no order are traces of one span. Time is the wall clock of the
    scenario. The id of a trace depends on scenario, seed, integration and number of the order alone.
    """

    suffix: ClassVar[str] = ".otlp.jsonl"

    def write(self, log: Logbook, facts: Facts, out: BinaryIO) -> None:
        """Order by order, then what belongs to none."""
        origin = Origin(_epoch(facts.started), f"{facts.scenario}/{facts.seed}/{facts.integration}")
        resources = _Resources(facts)
        for order, lines in by_order(log):
            out.write(resources.message(order_trace(order, lines, origin)))
        alone = (lone_trace(line, origin) for line in of_no_order(log, "call", "webhook"))
        while spans := list(islice(alone, _LONE)):
            out.write(resources.message(spans))


class _Resources:
    """The partners as resources, each written once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[str, Resource] = {}
        self._encoder = msgspec.json.Encoder()

    def message(self, spans: Iterable[Placed]) -> bytes:
        """Spans as one line, by partner."""
        by_partner: dict[str, list[Span]] = {}
        for who, span in spans:
            by_partner.setdefault(who, []).append(span)
        return self._encoder.encode(TracesData(resource_spans=tuple(self._grouped(by_partner)))) + b"\n"

    def _grouped(self, by_partner: dict[str, list[Span]]) -> Iterator[ResourceSpans]:
        for who, spans in by_partner.items():
            scope = ScopeSpans(scope=_SCOPE, spans=tuple(spans))
            yield ResourceSpans(resource=self._resource(who), scope_spans=(scope,))

    def _resource(self, who: str) -> Resource:
        facts = self._facts
        if who not in self._known:
            run = told(scenario=facts.scenario, seed=facts.seed, integration=facts.integration)
            names = (attribute("service.name", who), attribute("service.namespace", "seatrial"))
            self._known[who] = Resource(attributes=(*names, *run))
        return self._known[who]


def _epoch(started: str) -> int:
    """Nanosecond of the run's second 0; of 1970 where nobody said when the run began."""
    try:
        start = datetime.fromisoformat(started)
    except ValueError:
        return 0
    since = start.replace(tzinfo=start.tzinfo or UTC) - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
