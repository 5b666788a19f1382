"""Laws of the panels: drift by SKU and place, partners, notes of the integration, intervals, rules that never fired."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import msgspec
import polars as pl
import pytest

from seatrial.reports.estimates import Estimate
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook, empty_logbook
from seatrial.reports.page import PageRun, page
from seatrial.reports.page_curves import failing
from seatrial.reports.page_drift import WORST, drift_areas, drift_view
from seatrial.reports.page_headlines import headlines
from seatrial.reports.page_intervals import crosses, over_seeds
from seatrial.reports.page_marks import marks
from seatrial.reports.page_partners import partner_panels
from seatrial.reports.page_rules import rule_table
from seatrial.reports.verdict import RuleCoverage
from seatrial.sim.evidence import Evidence


class Books:
    """Evidence that is written row by row at chosen hours."""

    def __init__(self) -> None:
        self.hour = 0.0
        self.evidence = Evidence(lambda: self.hour * 3600)

    def at(self, hour: float) -> Evidence:
        self.hour = hour
        return self.evidence

    def run(self, **facts: object) -> PageRun:
        from seatrial.reports.facts import Facts

        log = Logbook(self.evidence.scan())
        return PageRun(verdict=judge(log, msgspec.structs.replace(Facts(), **facts)), log=log)


def test_drift_is_counted_in_unit_hours_by_sku_and_place() -> None:
    """Three units apart for two hours and one for the last hour are seven unit-hours."""
    books = Books()
    books.at(0).stock("north", "on_hand", "A", 10)
    books.at(0).stock("erp", "book", "A", 10, "north")
    books.at(1).stock("north", "on_hand", "A", 7)
    books.at(3).stock("erp", "book", "A", 8, "north")
    books.at(4).event("order.placed", "shop", "O1", "O1")
    run = books.run()
    assert drift_areas(run.log).to_dicts() == [{"place": "north", "sku": "A", "area": 7.0}]
    view = drift_view([run])
    assert view is not None
    (words,) = view.words
    assert (words.area, words.peak, words.last) == ("7", "3 units", "1 unit")
    assert "A at north" in unescape(view.label)


def test_the_peak_of_drift_is_that_of_a_moment() -> None:
    """Nine units apart for a tenth of a second are nine units, as the reading says, however long a stretch is."""
    books = Books()
    books.at(0).stock("north", "on_hand", "A", 10)
    books.at(0).stock("erp", "book", "A", 10, "north")
    books.at(1).stock("north", "on_hand", "A", 1)
    books.at(1 + 0.1 / 3600).stock("erp", "book", "A", 1, "north")
    books.at(90).event("order.placed", "shop", "O1", "O1")
    run = books.run()
    view = drift_view([run])
    assert view is not None
    (words,) = view.words
    peak = run.verdict.reading("drift.erp.peak")
    assert peak is not None
    assert (words.peak, words.at, words.last, peak.value) == ("9 units", run.calendar.minute(3600), "0 units", 9.0)
    assert "peak 9 units" in unescape(view.label)


def test_the_worst_drift_comes_first_and_the_rest_is_counted() -> None:
    """Of many SKUs those with the most unit-hours are shown, in that order."""
    books = Books()
    for number in range(WORST + 4):
        books.at(0).stock("north", "on_hand", f"S{number}", number + 1)
    books.at(1).event("order.placed", "shop", "O1", "O1")
    view = drift_view([books.run()])
    assert view is not None
    assert [each.sku for each in view.words] == [f"S{number}" for number in reversed(range(4, WORST + 4))]
    assert view.unsaid == 4


def test_runs_with_other_skus_stand_side_by_side() -> None:
    """A SKU that one run never heard of was never adrift there."""
    runs = []
    for sku in ("A", "B"):
        books = Books()
        books.at(0).stock(f"shelf-{sku}", "on_hand", sku, 4)
        books.at(2).event("order.placed", "shop", "O1", "O1")
        runs.append(books.run(integration=sku))
    view = drift_view(runs)
    assert view is not None
    assert [(each.sku, each.run, each.area) for each in view.words] == [
        ("A", "A", "8"),
        ("A", "B", "0"),
        ("B", "A", "0"),
        ("B", "B", "8"),
    ]


def test_no_drift_is_no_picture() -> None:
    """Where book and shelves never part there is nothing to draw."""
    empty = PageRun(verdict=judge(empty_logbook(), Books().run().facts), log=empty_logbook())
    assert drift_view([empty]) is None
    assert "Book and shelves were never apart." in page([empty])


def test_a_partner_is_told_with_its_errors_and_its_strikes(careless: PageRun) -> None:
    """Calls, errors, percentiles, webhooks and rules are those of the evidence."""
    panels = {panel.partner: panel for panel in partner_panels([careless]).shown}
    calls = careless.log.calls.filter(pl.col("partner") == "erp")
    figures = {row.words: row.cells[0] for row in panels["erp"].rows}
    assert figures["calls"] == f"{calls.height:,}"
    lost = calls.filter(pl.col("outcome") == "timed_out").height
    assert f"timed out {lost:,} ×" in panels["erp"].errors[0]
    assert panels["erp"].struck[0] == (f"lost-erp-replies {lost:,} ×",)
    assert panels["north"].role == "warehouse"
    sent = careless.log.webhooks.height
    assert {row.words: row.cells[0] for row in panels["north"].rows}["webhooks taken"] == f"{sent:,} of {sent:,}"


def test_notes_are_marks_on_the_time_line(careful: PageRun, careless: PageRun) -> None:
    """Each kind of note is a line with one row of ticks and one number for each run."""
    shown = {each.name: each for each in marks([careful, careless], careless.seconds)}
    letters = careless.log.notes.filter(pl.col("operation") == "dead_letter")
    assert shown["dead letter"].counts == (0, letters.height)
    assert shown["dead letter"].moments[0] == ()
    assert len(shown["dead letter"].moments[1]) == letters.height
    assert "dead letter 0 × resilient" in page([careful, careless])


def estimate(low: float | None, high: float | None, measure: str = "duplicates.total") -> Estimate:
    return Estimate(measure=measure, unit="documents", runs=20, value=5.0, low=low, high=high)


def test_a_reading_over_seeds_has_its_interval(careless: PageRun) -> None:
    """Both ends, the confidence and the number of seeds stand beside the reading and beside its limit."""
    known = {"duplicates.total": estimate(3.0, 9.0)}
    run = PageRun(verdict=careless.verdict, log=careless.log, estimates=known)
    said = "median 5 documents [3, 9 documents], 95 % interval of 20 seeds"
    assert over_seeds(run, "duplicates.total") == said
    text = page([run])
    assert text.count(said) == 2
    assert "Intervals are over several seeds." in text


def test_too_few_seeds_make_no_interval(careless: PageRun) -> None:
    """Where statistics found no interval the page says so."""
    run = PageRun(verdict=careless.verdict, log=careless.log, estimates={"lost.total": estimate(None, None)})
    assert over_seeds(run, "lost.total").endswith("of 20 seeds: too few for an interval")


def test_without_seeds_no_interval_is_made_up(careless: PageRun) -> None:
    """One seed has no interval, and the page does not speak of any."""
    assert {cell.interval for row in headlines([careless]) for cell in row.cells} == {""}


@pytest.mark.parametrize(("low", "high", "crossed"), [(0.0, 0.0, False), (0.0, 2.0, True), (1.0, 2.0, False)])
def test_an_interval_across_a_limit_is_said_to_cross_it(low: float, high: float, crossed: bool) -> None:
    """Both ends within, or both outside, decide it; one of each does not."""
    assert crosses(estimate(low, high), "duplicates.total", "= 0") is crossed


def test_an_interval_of_an_unknown_measure_crosses_nothing() -> None:
    """A run may have been judged where more measures were installed."""
    assert not crosses(estimate(0.0, 1.0), "fax.jams", "= 0")


def test_a_rule_that_never_fired_is_loud(careless: PageRun) -> None:
    """It is the first row, it is marked, and a sentence above the table says what that means."""
    silent = RuleCoverage(rule="fax-jam", fault="fax_jam", at="fax", begin=5.0, end=6.0, matched=0)
    verdict = msgspec.structs.replace(careless.verdict, coverage=(*careless.verdict.coverage, silent))
    run = PageRun(verdict=verdict, log=careless.log)
    table = rule_table([run])
    assert (table.rows[0].name, table.silent) == ("fax-jam", 1)
    text = page([run])
    assert "1 rule never fired." in text
    assert "? never fired" in text


def test_many_rules_are_counted(careless: PageRun) -> None:
    """More rules than there is room for leave a number behind, on the time line and in the table."""
    many = tuple(RuleCoverage(rule=f"rule-{number}", fired=1, mattered=1) for number in range(200))
    run = PageRun(verdict=msgspec.structs.replace(careless.verdict, coverage=many), log=careless.log)
    text = page([run])
    assert "170 more rules are in the table of faults below." in text
    assert "120 more rules that struck." in text


def test_a_partner_without_calls_is_no_trouble(sail: Callable[..., PageRun]) -> None:
    """A run without orders has no panels and says so."""
    assert "No partner was called." in page([sail(orders=0, careful=True)])


def test_a_token_that_is_renewed_is_no_failure_on_the_page_either() -> None:
    """The panel and the curve call failed what the measure calls failed: a renewed token is none, a timeout is one."""
    books = Books()
    for place, (outcome, status) in enumerate((("rejected", 401), ("ok", 200), ("ok", 200), ("timed_out", 0))):
        key = "P-1" if place < 2 else f"P-{place}"
        books.at(place / 3600).call("erp", "post_invoice", "invoice", key, "MP-1", 1, outcome, status, 1.0, "")
    run = books.run()
    share = run.verdict.reading("failure_rate.calls")
    assert share is not None
    assert (share.value, failing(run.log, 60).level[0]) == (0.25, 0.25)
    (panel,) = partner_panels([run]).shown
    assert ("25 %",) in {row.cells for row in panel.rows}
    assert panel.errors == (("timed out 1 ×",),)
