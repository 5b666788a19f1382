"""The contract of a format: every file of `reports/formats` keeps it, also those not yet written."""

from __future__ import annotations

import inspect
import io

import polars as pl
import pytest

import seatrial
from seatrial.reports import logbook
from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.format import Format, format_named
from seatrial.reports.logbook import Logbook, empty_logbook
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.evidence import Evidence

NAMES = Catalogue("formats").names()
NASTY = 'a "quoted", comma; line\nbreak\ttab \\ back — ünï 漢 🚢 <b>&'
SCENARIO = """\
name: probe
asks: What do others read of it?
start: 2026-03-02 08:00:00
duration: 3 h
calm: 2 d
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20}
integration: retrying
faults:
  - {fault: lost_reply, at: erp.create_sales_order, nth: 1, times: 3, name: gone}
  - {fault: webhook_drop, at: storefront, probability: 10 %}
"""


def tiny() -> pl.DataFrame:
    """A row of every kind, with whatever a partner may write into a text."""
    now = 0.5
    log = Evidence(lambda: now)
    log.phase("window", "begin", NASTY)
    log.stock("north", "on_hand", NASTY, 3)
    log.sale("marketplace", "placed", NASTY, NASTY, 2)
    log.event("order.placed", "marketplace", NASTY, NASTY, 2, 500)
    log.commit("erp", "", "sales_order", NASTY, NASTY, "created", NASTY, 2, 500)
    now = 9.5
    log.call("erp", "create_sales_order", "sales_order", NASTY, NASTY, 1, "timed_out", 0, 10.0, NASTY)
    log.fault("erp", "create_sales_order", "LostReply", NASTY, NASTY, 1, "mattered", NASTY)
    log.webhook("falcon", "shipment.delivered", NASTY, NASTY, 2, "failed", 500, 0.1, NASTY, NASTY)
    log.note("retry", NASTY, NASTY, "finance", detail=NASTY)
    return log.frame()


@pytest.fixture(scope="module")
def sailed(tmp_path_factory: pytest.TempPathFactory) -> seatrial.Run:
    """A short run of the whole flow."""
    file = tmp_path_factory.mktemp("format") / "probe.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return seatrial.run(file, out=file.with_suffix(""))


@pytest.fixture(params=NAMES)
def form(request: pytest.FixtureRequest) -> Format:
    """Every format of the catalogue."""
    return format_named(request.param)


def written(form: Format, log: Logbook, facts: Facts | None = None) -> bytes:
    out = io.BytesIO()
    form.write(log, facts or Facts(), out)
    return out.getvalue()


def test_a_format_is_explained(form: Format) -> None:
    """It says what it holds and who reads it, and how its files end."""
    assert len(inspect.getdoc(form) or "") > 40
    assert form.__doc__ is not Format.__doc__
    assert form.suffix.startswith(".")


def test_a_run_without_rows_is_written(form: Format) -> None:
    """Nothing happened is a run, too."""
    assert isinstance(written(form, empty_logbook()), bytes)


def test_whatever_partners_write_is_written(form: Format) -> None:
    """Quotes, line breaks and letters of all languages break no format, and it is UTF-8."""
    facts = Facts(scenario=NASTY, started="2026-03-02T08:00:00", rules=(RuleFacts(name=NASTY),))
    assert written(form, Logbook(tiny()), facts).decode()


def test_a_whole_run_is_written(form: Format, sailed: seatrial.Run) -> None:
    """From the log of a run folder, read part by part."""
    assert len(written(form, sailed.log, sailed.verdict.facts)) > 10_000


def test_the_same_evidence_gives_the_same_bytes(
    form: Format, sailed: seatrial.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the same, also where the evidence is cut into other pages."""
    once = written(form, Logbook(sailed.evidence), sailed.verdict.facts)
    monkeypatch.setattr(logbook, "PAGE_ROWS", 613)
    assert written(form, Logbook(sailed.evidence), sailed.verdict.facts) == once


def test_a_full_disk_is_not_hidden(form: Format, sailed: seatrial.Run) -> None:
    """What the stream raises is passed on."""

    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        form.write(sailed.log, sailed.verdict.facts, Full())
