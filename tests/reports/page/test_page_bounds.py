"""Laws of size: however large a run, however long and nasty its names, the page stays small and whole."""

from __future__ import annotations

import msgspec
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import escape
from tests.reports.page.test_page import Reader

from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.findings import Finding
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.page import IN_FULL, LARGEST, PageRun, page
from seatrial.reports.page_rest import LINES, rest
from seatrial.reports.verdict import RuleCoverage
from seatrial.sim.evidence import Evidence
from seatrial.sim.rows import SCHEMA

MEGABYTE = 1 << 20
ROWS = 100_000
HOUR = 3_600_000_000


def large_log() -> Logbook:
    """Rows of every kind over a week, with thousands of SKUs, hundreds of partners and notes of many names."""
    number = pl.int_range(0, ROWS, dtype=pl.Int64, eager=True)
    kinds = ["call", "stock", "stock", "commit", "webhook", "fault", "note", "event"]
    kind = pl.Series([kinds[each % 8] for each in range(8)]).gather(number % 8)
    frame = pl.DataFrame({"number": number, "time": number * (168 * HOUR // ROWS), "kind": kind}).with_columns(
        pl.when(pl.col("kind") == "stock")
        .then(pl.when(pl.col("number") % 3 == 0).then(pl.lit("erp")).otherwise(pl.lit("north")))
        .otherwise(pl.format("partner-{}", pl.col("number") % 199))
        .alias("partner"),
        pl.when(pl.col("kind") == "stock")
        .then(pl.when(pl.col("number") % 3 == 0).then(pl.lit("book")).otherwise(pl.lit("on_hand")))
        .when(pl.col("kind") == "event")
        .then(pl.lit("order.placed"))
        .otherwise(pl.format("operation_{}", pl.col("number") % 97))
        .alias("operation"),
        pl.format("KEY-{}", pl.col("number") % 4999).alias("key"),
        pl.format("KEY-{}", pl.col("number") % 4999).alias("correlation"),
        pl.when(pl.col("number") % 5 == 0).then(pl.lit("timed_out")).otherwise(pl.lit("created")).alias("outcome"),
        (pl.col("number") * 7919 % 977).alias("quantity"),
        pl.when(pl.col("kind") == "fault")
        .then(pl.format("rule-{}", pl.col("number") % 401))
        .otherwise(pl.lit(""))
        .alias("rule"),
        pl.when(pl.col("kind") == "stock").then(pl.lit("north")).otherwise(pl.lit("")).alias("document_id"),
        (pl.col("number") * 31 % 9_000_000).alias("latency"),
    )
    blank = {name: pl.lit("" if kind is pl.String else 0, dtype=kind) for name, kind in SCHEMA.items()}
    missing = [value.alias(name) for name, value in blank.items() if name not in frame.columns]
    return Logbook(frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()))


def many_findings(run: PageRun, length: int) -> PageRun:
    """The findings of a run again and again, each under another name, with keys and titles of such a length."""
    shown = [finding for finding in run.verdict.findings if finding.witness]
    long = "k" * length
    found = tuple(
        msgspec.structs.replace(
            finding, code=f"{finding.code}_{round_}", keys=(long,) * 5, witness=_longer(finding, long)
        )
        for round_ in range(300 // len(shown))
        for finding in shown
    )
    rules = tuple(RuleCoverage(rule=f"{long}{number}", at=long, fired=number % 2) for number in range(300))
    return PageRun(verdict=msgspec.structs.replace(run.verdict, findings=found, coverage=rules), log=run.log)


def _longer(finding: Finding, long: str) -> tuple[object, ...]:
    return tuple(
        msgspec.structs.replace(row, key=long, words=f"{row.words} {long}", rule=long) for row in finding.witness
    )


@pytest.mark.slow
def test_a_large_run_has_a_small_page() -> None:
    """Hundreds of partners, rules and kinds of notes and thousands of SKUs are summed up, not listed."""
    log = large_log()
    facts = Facts(scenario="large", duration=7 * 86_400.0, started="2026-03-02T00:00:00")
    run = PageRun(verdict=judge(log, facts), log=log)
    text = page([run])
    assert len(text.encode()) < MEGABYTE
    assert "more that had fewer calls" in text


@pytest.mark.slow
@pytest.mark.parametrize("length", [20, 20_000])
def test_many_findings_make_no_long_page(careless: PageRun, length: int) -> None:
    """After so many kinds the rest is counted, and names are cut: the page of two such runs is below 3 MB."""
    run = many_findings(careless, length)
    text = page([run, run])
    assert len(text.encode()) < 3 * MEGABYTE
    assert "Not told in full" in text


@pytest.mark.slow
def test_many_runs_make_no_long_page(careful: PageRun, careless: PageRun) -> None:
    """Of twenty runs the first are shown in full, the others in a line each, and the page says so; it is below 3 MB."""
    text = page([careful, careless] * 10)
    read = Reader(text).text
    assert len(text.encode()) < LARGEST
    assert text.count('class="card ') == IN_FULL[0]
    assert text.count('class="other ') == 20 - IN_FULL[0]
    assert f"shows the first {IN_FULL[0]} of 20 runs" in " ".join(read.split())


@pytest.mark.slow
def test_few_large_runs_leave_room_for_fewer_in_full(careless: PageRun) -> None:
    """Runs with hundreds of kinds of findings and names without end: as many in full as there is room for."""
    text = page([many_findings(careless, 20_000)] * 6)
    shown = text.count('class="card ')
    assert len(text.encode()) < LARGEST
    assert shown in IN_FULL
    assert shown + text.count('class="other ') == 6


def test_very_many_runs_are_counted(careful: PageRun) -> None:
    """Beyond the lines of the table runs are a number."""
    table = rest([careful] * (LINES + 1_234))
    assert (len(table.lines), table.unsaid, table.count) == (LINES, 1_234, LINES + 1_234)


def nasty_run(text: str) -> PageRun:
    """Three orders in a world in which everything is called so."""
    evidence = Evidence(lambda: 1.0)
    for number in range(3):
        key = f"{text}{number}"
        evidence.event("order.placed", text, key, key, 1, 100)
        evidence.fault(text, text, text, key, key, 1, "mattered", text)
        evidence.call(text, text, "sales_order", key, key, 1, "timed_out", 0, 1.0, text)
        for twin in range(2):
            evidence.commit("erp", "create", "sales_order", key, key, "created", f"{text}-{twin}", 1, 100)
        evidence.note(text, key, key, text, 0, text)
        evidence.stock("north", "on_hand", key, 5)
        evidence.stock("erp", "book", key, 4, "north")
    rules = (RuleFacts(name=text, fault=text, at=text),)
    facts = Facts(scenario=text, integration=text, started=text, duration=60.0, rules=rules, replay=text)
    log = Logbook(evidence.scan())
    return PageRun(
        verdict=judge(log, facts, {"duplicates.total": 0}), log=log, question=text, label=text, digest=text,
        why_incomplete=text, versions={text: text},
    )  # fmt: skip


ALLOWED = Reader(page([nasty_run("plain")])).tags


@pytest.mark.slow
@given(st.text(max_size=30))
@settings(max_examples=6)
@example("<script>alert(1)</script>")
@example("\"'><img src=x onerror=alert(1)><!--")
@example("</style></svg>]]>{{ 7 * 7 }}{% raw %}&lt;b&gt;")
@example("$\\frac{1}{0}$ ${x} %s {0}")
@example("a\nb\x00\x07\u202ec\ud7ff\U0001f6a2")
def test_no_name_becomes_markup(text: str) -> None:
    """Whatever partners, keys, rules, notes and runs are called, the page has the tags and attributes of any other."""
    page_of_it = page([nasty_run(text)])
    read = Reader(page_of_it)
    assert read.tags <= ALLOWED
    assert not [name for name in read.attributes if name.startswith("on")]
    assert "<" not in text or escape(text) in page_of_it
