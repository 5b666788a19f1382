"""The contract of a measure: every file of `reports/measures` keeps it, also those not yet written."""

from __future__ import annotations

import inspect
import re
from fnmatch import fnmatchcase

import polars as pl
import pytest

from seatrial.reports.facts import Facts
from seatrial.reports.judge import definitions, measures
from seatrial.reports.logbook import Logbook, empty_logbook
from seatrial.reports.measure import Measure
from seatrial.sim.evidence import Evidence
from seatrial.sim.rows import SCHEMA

ALL = measures()
NAMES = [type(measure).__module__.rpartition(".")[2] for measure in ALL]


@pytest.fixture(scope="module")
def busy() -> pl.DataFrame:
    """A small run in which every kind of row appears."""
    now = 0.0
    log = Evidence(lambda: now)
    for step in range(6):
        now, order, parcel = step * 600.0, f"MP-{step}", f"north-P{step}"
        log.sale("marketplace", "placed", "A", order, 2)
        log.event("order.placed", "marketplace", order, order, 2, 500)
        log.event("order.promised", "marketplace", order, order, document_id="2000")
        log.fault("erp", "create_sales_order", "LostReply", order, order, 1, "mattered", "lost")
        log.commit("erp", "", "sales_order", order, order, "created", f"SO-{step}", 2, 500)
        log.call("erp", "create_sales_order", "sales_order", order, order, 1, "timed_out", 0, 10.0, "lost")
        log.commit("north", "", "fulfilment", f"{order}/R1", order, "created", f"F-{step}", 2)
        log.event("fulfilment.accepted", "north", f"{order}/R1", order, 2)
        log.stock("north", "on_hand", "A", 20 - step)
        log.stock("erp", "book", "A", 20, "north")
        log.stock("marketplace", "listing", "A", 25)
        log.event("shipment.dispatched", "north", parcel, order, 2)
        log.event("shipment.delivered", "falcon", parcel, order)
        log.webhook("falcon", "shipment.delivered", parcel, order, 1, "ok", 200, 0.1, "", "")
        log.commit("erp", "", "invoice", parcel, order, "created", f"IN-{step}", 2, 500)
        log.note("exception_opened", f"C-{step}", order, "finance")
    log.phase("calm", "end")
    return log.frame()


@pytest.mark.parametrize("measure", ALL, ids=NAMES)
def test_a_run_without_rows_is_read(measure: Measure) -> None:
    """Nothing happened is a run, too: every name without `*` is read, and nothing breaks."""
    names = [reading.name for reading in measure.read(empty_logbook(), Facts())]
    assert [each.name for each in measure.defines if "*" not in each.name and each.name not in names] == []


@pytest.mark.parametrize("measure", ALL, ids=NAMES)
def test_readings_are_what_was_defined(measure: Measure, busy: pl.DataFrame) -> None:
    """Name, unit and direction agree with the definition, no name comes twice, and what is unknown says why."""
    readings = list(measure.read(Logbook(busy), Facts()))
    assert len({reading.name for reading in readings}) == len(readings)
    for reading in readings:
        defined = measure.definition(reading.name)
        assert defined is not None, reading.name
        assert (reading.unit, reading.better) == (defined.unit, defined.better)
        assert reading.value is not None or reading.detail, reading.name
        assert reading.value is None or reading.value >= 0, reading.name


@pytest.mark.parametrize("measure", ALL, ids=NAMES)
def test_reading_twice_gives_the_same(measure: Measure, busy: pl.DataFrame) -> None:
    """A measure keeps nothing between runs and depends on nothing but the evidence."""
    assert list(measure.read(Logbook(busy), Facts())) == list(measure.read(Logbook(busy), Facts()))


@pytest.mark.parametrize("measure", ALL, ids=NAMES)
def test_a_measure_begins_with_the_name_of_its_file(measure: Measure) -> None:
    """`duplicates.py` reads `duplicates.*`, so that a name leads to its definition."""
    family = type(measure).__module__.rpartition(".")[2]
    assert [each.name for each in measure.defines if each.name.partition(".")[0] != family] == []


@pytest.mark.parametrize("measure", ALL, ids=NAMES)
def test_the_docstring_is_the_definition(measure: Measure) -> None:
    """Formula, unit and source stand in it; every name has a meaning of its own."""
    text = inspect.getdoc(type(measure)) or ""
    assert [word for word in ("Formula", "Unit:", "Source:") if word not in text] == []
    assert all(each.meaning for each in measure.defines)


def test_findings_have_stable_codes() -> None:
    """A code is upper case, stands for one thing and comes with a title and a subject."""
    found = [each for each in definitions() if each.code]
    assert [each.code for each in found if not re.fullmatch(r"[A-Z][A-Z_]+", each.code)] == []
    assert len({each.code for each in found}) == len(found)
    assert [each.code for each in found if not (each.title and each.subject)] == []


def test_what_is_part_of_a_sum_names_one_that_exists() -> None:
    """A limit on a sum reaches every reading that says it is part of it."""
    names = {each.name for each in definitions()}
    assert {each.part_of for each in definitions()} - names <= {""}


def test_no_two_measures_claim_one_name() -> None:
    """Exact names are unique over all families."""
    names = [each.name for each in definitions()]
    assert len(names) == len(set(names))
    assert not [
        name
        for name in names
        if "*" in name and any(fnmatchcase(name, other) for other in names if other != name and "*" in other)
    ]


def test_measures_ask_only_for_columns_that_exist() -> None:
    """The pages of the logbook are made of columns of the evidence."""
    log = empty_logbook()
    pages = (log.calls, log.commits, log.events, log.webhooks, log.stock, log.sales, log.faults, log.phases, log.notes)
    assert {column for page in pages for column in page.columns} <= set(SCHEMA)
