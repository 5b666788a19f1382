"""What programs of others read from our exports: the csv module, polars, OpenTelemetry, trace viewers."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

import seatrial
from seatrial.reports.facts import Facts
from seatrial.reports.format import format_named
from seatrial.reports.logbook import Logbook
from seatrial.sim.rows import SCHEMA

SCENARIO = """\
name: probe
asks: What do others read of it?
start: 2026-03-02 08:00:00
duration: 6 h
calm: 3 d
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20}
integration: retrying
faults:
  - {fault: lost_reply, at: erp.create_sales_order, nth: 1, times: 3, name: gone}
  - {fault: webhook_drop, at: storefront, from: 1 h, until: 2 h, name: silent}
"""


@pytest.fixture(scope="module")
def sailed(tmp_path_factory: pytest.TempPathFactory) -> seatrial.Run:
    """A run with lost replies, repeats and dropped webhooks."""
    file = tmp_path_factory.mktemp("formats") / "probe.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return seatrial.run(file, out=file.with_suffix(""))


def written(name: str, log: Logbook, facts: Facts) -> bytes:
    out = io.BytesIO()
    format_named(name).write(log, facts, out)
    return out.getvalue()


# Tables


def test_csv_read_by_polars_is_the_evidence(sailed: seatrial.Run) -> None:
    """Row by row, column by column, nothing changed."""
    text = written("csv", sailed.log, sailed.verdict.facts)
    assert pl.read_csv(text, schema=SCHEMA).equals(sailed.evidence)


def test_csv_read_by_the_csv_module_is_the_evidence(sailed: seatrial.Run) -> None:
    """The first line names the columns, the others are the rows as text."""
    rows = list(csv.reader(io.StringIO(written("csv", sailed.log, sailed.verdict.facts).decode(), newline="")))
    assert rows[0] == list(SCHEMA)
    assert rows[1:] == [[str(cell) for cell in row] for row in sailed.evidence.iter_rows()]


def test_json_lines_are_the_evidence(sailed: seatrial.Run) -> None:
    """Every line is an object with all columns."""
    lines = written("jsonl", sailed.log, sailed.verdict.facts).splitlines()
    assert [json.loads(line) for line in lines] == list(sailed.evidence.iter_rows(named=True))


# OpenTelemetry


@pytest.fixture(scope="module")
def messages(sailed: seatrial.Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written("otlp", sailed.log, sailed.verdict.facts).splitlines()]


def spans_of(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All spans, each with the name of its resource under `service`."""
    found = []
    for message in messages:
        for group in message["resourceSpans"]:
            service = next(a for a in group["resource"]["attributes"] if a["key"] == "service.name")
            for scope in group["scopeSpans"]:
                found += [span | {"service": service["value"]["stringValue"]} for span in scope["spans"]]
    return found


def said(span: dict[str, Any], name: str) -> str:
    """An attribute of a span or event."""
    found = [a["value"] for a in span.get("attributes", ()) if a["key"] == name]
    return str(next(iter(found[0].values()))) if found else ""


def test_opentelemetry_reads_every_line(messages: list[dict[str, Any]]) -> None:
    """Each line is a TracesData for the parser of opentelemetry-proto, without unknown members."""
    trace = pytest.importorskip("opentelemetry.proto.trace.v1.trace_pb2")
    parse = pytest.importorskip("google.protobuf.json_format").Parse
    for message in messages[:40] + messages[-5:]:
        data = parse(json.dumps(message), trace.TracesData())
        read = [span for group in data.resource_spans for scope in group.scope_spans for span in scope.spans]
        ours = [span for group in message["resourceSpans"] for scope in group["scopeSpans"] for span in scope["spans"]]
        # OTLP writes ids in hexadecimal where protobuf's own JSON has base64: its reader takes one for the other.
        assert [base64.b64encode(span.span_id).decode() for span in read] == [span["spanId"] for span in ours]
        assert [span.start_time_unix_nano for span in read] == [int(span["startTimeUnixNano"]) for span in ours]


def test_each_order_is_one_trace_with_one_root(sailed: seatrial.Run, messages: list[dict[str, Any]]) -> None:
    """As many traces with an order as orders; in each a single span without a parent, at the channel that sold it."""
    roots: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for span in spans_of(messages):
        if "parentSpanId" not in span and said(span, "seatrial.order"):
            roots[span["traceId"]].append(span)
    placed = sailed.evidence.filter(kind="event", operation="order.placed")
    wanted = dict(placed.select("key", "partner").iter_rows())
    assert {len(spans) for spans in roots.values()} == {1}
    assert {said(spans[0], "seatrial.order"): spans[0]["service"] for spans in roots.values()} == wanted


def test_parents_and_links_are_there_and_hold_their_children(messages: list[dict[str, Any]]) -> None:
    """Ids are unique, every parent and link is a span of the same trace, and no child leaves the span of its order."""
    spans = spans_of(messages)
    known = {(span["traceId"], span["spanId"]): span for span in spans}
    assert len(known) == len(spans)
    for span in spans:
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        for link in span.get("links", ()):
            before = known[link["traceId"], link["spanId"]]
            assert before["name"] == span["name"]
            assert int(before["endTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        if "parentSpanId" in span:
            parent = known[span["traceId"], span["parentSpanId"]]
            assert int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
            assert int(parent["endTimeUnixNano"]) >= int(span["endTimeUnixNano"])


def test_every_call_webhook_and_document_is_in_a_trace(sailed: seatrial.Run, messages: list[dict[str, Any]]) -> None:
    """A span for each call and webhook, an event for each document of an order, by their row numbers."""
    spans = spans_of(messages)
    rows = sailed.evidence
    asked = rows.filter(pl.col("kind").is_in(["call", "webhook"]))["number"]
    numbers = Counter(int(said(span, "seatrial.row") or 0) for span in spans if said(span, "seatrial.outcome"))
    assert numbers == Counter(asked.to_list())
    of_orders = rows.filter(pl.col("kind").is_in(["commit", "event", "sale", "note"]) & (pl.col("correlation") != ""))
    events = Counter(int(said(e, "seatrial.row") or 0) for span in spans for e in span.get("events", ()))
    assert {n: events[n] for n in of_orders["number"]} == dict.fromkeys(of_orders["number"].to_list(), 1)


def test_a_lost_reply_is_a_failed_call_over_work_that_was_done(messages: list[dict[str, Any]]) -> None:
    """The caller's span ends in an error, the ERP's under it made the document, and the repeat is linked to it."""
    spans = spans_of(messages)
    lost = next(span for span in spans if said(span, "seatrial.rule") == "gone")
    assert (lost["service"], lost["kind"], lost["status"]["code"]) == ("integration", 3, 2)
    assert [event["name"] for event in lost["events"]] == ["fault.lost_reply"]
    under = next(span for span in spans if span.get("parentSpanId") == lost["spanId"])
    assert (under["service"], under["kind"]) == ("erp", 2)
    assert "sales_order.created" in [event["name"] for event in under["events"]]
    again = next(span for span in spans if lost["spanId"] in [link["spanId"] for link in span.get("links", ())])
    assert said(again, "http.request.resend_count") == "1"


def test_time_is_the_wall_clock_of_the_scenario(sailed: seatrial.Run, messages: list[dict[str, Any]]) -> None:
    """Second 0 of the run is the start of its scenario, to the microsecond."""
    first = spans_of(messages)[0]
    placed = sailed.evidence.filter(kind="event", operation="order.placed").row(0, named=True)
    event = next(event for event in first["events"] if event["name"] == "order.placed")
    start = int(datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp())
    assert int(event["timeUnixNano"]) == start * 1_000_000_000 + placed["time"] * 1000


def test_ids_of_traces_depend_on_the_run_and_the_order_alone(history) -> None:
    """The same order of the same seed has the same id whatever else happened; of another seed another."""

    def ids(log: Logbook, seed: int) -> set[str]:
        lines = written("otlp", log, Facts(scenario="s", seed=seed)).splitlines()
        return {span["traceId"] for span in spans_of([json.loads(line) for line in lines])}

    alone = ids(history.placed("MP-1").log(), 1)
    assert alone < ids(history.placed("MP-2").log(), 1)
    assert not alone & ids(history.log(), 2)


# Trace events, by the public description of the format: what a viewer takes, and what it would silently drop


@pytest.fixture(scope="module")
def trace(sailed: seatrial.Run) -> dict[str, Any]:
    return json.loads(written("chrome", sailed.log, sailed.verdict.facts))


def complaints(events: list[dict[str, Any]]) -> list[str]:
    """What is wrong with trace events."""
    found = []
    required = {"b": ("cat", "id"), "e": ("cat", "id"), "i": ("s",), "C": ("args",), "M": ("args",)}
    for event in events:
        missing = [name for name in ("name", "ph", "pid") if name not in event]
        missing += [name for name in required.get(event.get("ph", ""), ("known phase",)) if name not in event]
        if event.get("ph") != "M" and not isinstance(event.get("ts"), int):
            missing.append("ts")
        if event.get("ph") == "C" and not all(isinstance(value, int) for value in event["args"].values()):
            missing.append("numbers of a counter")
        found += [f"{event} lacks {name}" for name in missing]
    return found + unbalanced(events)


def unbalanced(events: list[dict[str, Any]]) -> list[str]:
    """Asynchronous slices of one id that are not closed in the order in which they were opened, or end too early."""
    found = []
    open_slices: dict[tuple[object, ...], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        slices = open_slices[event.get("pid"), event.get("cat"), event.get("id")]
        if event.get("ph") == "b":
            slices.append(event)
        elif event.get("ph") == "e" and not slices:
            found.append(f"{event} ends what never began")
        elif event.get("ph") == "e":
            begun = slices.pop()
            if begun["name"] != event["name"] or begun["ts"] > event["ts"]:
                found.append(f"{event} does not end {begun}")
    return found + [f"{event} never ends" for slices in open_slices.values() for event in slices]


def test_a_trace_viewer_finds_nothing_to_drop(trace: dict[str, Any]) -> None:
    """Every event has what its phase needs, and every slice ends inside the one it lies in."""
    assert complaints(trace["traceEvents"]) == []


@pytest.mark.parametrize(
    "event",
    [
        {"ph": "b", "name": "x", "pid": 1, "ts": 1, "cat": "c", "id": "1"},
        {"ph": "e", "name": "x", "pid": 1, "ts": 1, "cat": "c", "id": "1"},
        {"ph": "i", "name": "x", "pid": 1, "ts": 1},
        {"ph": "C", "name": "x", "pid": 1, "ts": 1, "args": {"n": "many"}},
        {"ph": "?", "name": "x", "pid": 1, "ts": 1},
    ],
)
def test_a_bad_trace_event_is_seen(event: dict[str, Any]) -> None:
    """The validator fails on the smallest thing that is wrong."""
    assert complaints([event])


def test_every_partner_has_a_track(sailed: seatrial.Run, trace: dict[str, Any]) -> None:
    """A named process for each, above them the orders and the faults."""
    named = {e["args"]["name"]: e["pid"] for e in trace["traceEvents"] if e["name"] == "process_name"}
    writers = set(sailed.evidence.filter(pl.col("kind") != "phase")["partner"])
    assert set(named) == writers | {"orders", "faults"}
    assert {e["pid"] for e in trace["traceEvents"]} == set(named.values())


def test_orders_windows_and_backlog_are_drawn(sailed: seatrial.Run, trace: dict[str, Any]) -> None:
    """A slice for each order, one for each fault window, and counters that move with the backlog."""
    events = trace["traceEvents"]
    orders = {e["id"] for e in events if e.get("cat") == "order" and e["ph"] == "b"}
    assert len(orders) == sailed.reading("orders.placed").value
    windows = {e["name"]: e["ts"] for e in events if e.get("cat") == "fault" and e["ph"] == "b"}
    assert windows == {"gone": 0, "silent": 3_600_000_000}
    waiting = [e["args"]["orders"] for e in events if e["ph"] == "C" and "waiting" in e["name"]]
    assert min(waiting) == 0
    assert any(left != right for left, right in pairwise(waiting))
    strikes = [e for e in events if e["ph"] == "i" and e["name"].startswith("lost_reply")]
    assert len(strikes) == 3
