"""Laws of what broke and why: from the fault that struck to what it cost."""

from __future__ import annotations

import msgspec

from seatrial.reports.explain_run import run_lines
from seatrial.reports.facts import Facts
from seatrial.reports.findings import DIED, Finding
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.page import page
from seatrial.reports.page_causes import TOLD, causes
from seatrial.reports.page_run import PageRun
from seatrial.reports.witness import culprit
from seatrial.sim.evidence import Evidence


def test_a_cause_names_fault_answer_and_harm(careless: PageRun) -> None:
    """The duplicate is traced to the lost reply: which rule, which call, what was made, and how many there are."""
    (run,) = causes([careless])
    twice = next(cause for cause in run.told if "sales order" in cause.harm)
    assert (twice.rule, twice.fault) == ("lost-erp-replies", "LostReply")
    assert twice.struck.startswith(f"erp: create sales order {twice.key}")
    assert "no reply" in twice.answer
    assert "erp created sales order" in twice.answer
    count = careless.verdict.reading("duplicates.sales_order")
    assert count is not None
    assert twice.amount == f"{count.value:.0f} documents"


def test_a_cause_says_what_the_money_says(careless: PageRun) -> None:
    """Where a reading of money is about the same documents, its amount stands beside their number."""
    (run,) = causes([careless])
    reading = careless.verdict.reading("money.shipped_not_invoiced")
    assert reading is not None
    assert reading.value
    assert f"{reading.value / 100:,.2f} GBP" in [cause.money for cause in run.told]


def test_a_harm_without_a_fault_is_not_blamed_on_one(careless: PageRun) -> None:
    """A witness in which nothing struck names no rule."""
    bare = tuple(
        msgspec.structs.replace(finding, witness=tuple(row for row in finding.witness if row.kind != "fault"))
        for finding in careless.verdict.findings
    )
    run = PageRun(verdict=msgspec.structs.replace(careless.verdict, findings=bare), log=careless.log)
    assert {cause.rule for cause in causes([run])[0].told} == {""}


def test_a_run_that_passed_has_no_causes(careful: PageRun) -> None:
    """Where nothing broke there is nothing to explain."""
    assert causes([careful]) == ()


def test_no_violation_is_passed_over(careless: PageRun) -> None:
    """What is not told is counted."""
    kinds = {(each.code, each.title) for each in careless.verdict.findings if each.gravity == "violation"}
    (run,) = causes([careless])
    assert len(run.told) <= TOLD
    assert len(run.told) + run.unsaid == len(kinds)


def test_a_harm_is_laid_at_the_last_strike_before_it(careless: PageRun) -> None:
    """Of strikes before and after the second document the last before counts, whatever came later; and the page and
    `explain` ask the same question.
    """
    finding = next(each for each in careless.verdict.findings if each.code == "DUPLICATE_SALES_ORDER")
    strike = next(row for row in finding.witness if row.kind == "fault")
    harm = [row for row in finding.witness if row.kind == "commit"][-1]
    late = msgspec.structs.replace(strike, number=harm.number + 1, rule="late")
    witness = (*finding.witness, late)
    assert culprit(witness) == culprit(finding.witness)
    run = msgspec.structs.replace(careless.verdict, findings=(msgspec.structs.replace(finding, witness=witness),))
    assert [each.rule for each in causes([PageRun(verdict=run, log=careless.log)])[0].told] == [strike.rule]
    assert any(line.text.endswith(f"after {strike.rule}") for line in run_lines(run, "run"))


def _retried_into_an_outage(document: str = "sales_order", reply: str = "timed_out") -> PageRun:
    """The first call has made the document and its caller does not learn it; the second meets an outage."""
    now = [0.0]
    rows = Evidence(lambda: now[0])
    call, strike = ("erp", "create", document, "MP-1", "MP-1"), ("erp", "create")
    rows.event("order.placed", "shop", "MP-1", "MP-1", 1, 1000)
    rows.commit("erp", "", document, "MP-1", "MP-1", "created", "D-1", 1, 1000)
    for attempt, (outcome, status, rule) in enumerate(((reply, 0, "lost"), ("rejected", 503, "down")), start=1):
        now[0] += 3.0
        rows.call(*call, attempt, outcome, status, 2.9, rule)
        rows.fault(*strike, rule, "MP-1", "MP-1", attempt, "mattered", rule)
    rows.commit("erp", "", document, "MP-1", "MP-1", "created", "D-2", 1, 1000)
    rows.call(*call, 3, "ok", 200, 0.1, "")
    log, facts = Logbook(rows.frame()), Facts(started="2011-12-01T08:00:00", duration=60.0, grace=0.0)
    return PageRun(verdict=judge(log, facts), log=log)


def test_a_duplicate_comes_of_the_reply_that_hid_the_first() -> None:
    """What struck after that, on the way to the second, did no harm; and the page and `explain` say the same."""
    run = _retried_into_an_outage()
    told = next(each for each in causes([run])[0].told if "sales order" in each.harm)
    assert told.rule == "lost"
    assert "attempt" not in told.struck
    assert told.answer.startswith("the integration → erp, asked to create MP-1: no reply after 2.9 s; then erp created")
    assert any(line.text.endswith("after lost") for line in run_lines(run.verdict, "run"))


def test_where_nothing_was_hidden_the_last_strike_counts_and_what_is_shared_before_it() -> None:
    """A caller who got the reply had no reason to ask again that lies in it."""
    run = _retried_into_an_outage(reply="ok")
    witness = next(each for each in run.verdict.findings if each.code == "DUPLICATE_SALES_ORDER").witness
    rules = [row.rule for each in ("", "all in orders that lost struck") if (row := culprit(witness, each))]
    assert rules == ["down", "lost"]


def test_no_harm_is_called_untouched_while_a_rule_is_blamed(careless: PageRun) -> None:
    """Where the witness has no strike, and the documents have one in common, that is what is said."""
    blamed = {each.code for each in careless.verdict.findings if "struck" in _detail(careless, each.measure)}
    bare = tuple(
        msgspec.structs.replace(each, witness=tuple(row for row in each.witness if row.kind != "fault"))
        for each in careless.verdict.findings
        if each.code in blamed
    )
    run = PageRun(verdict=msgspec.structs.replace(careless.verdict, findings=bare), log=careless.log)
    assert bare
    for cause in causes([run])[0].told:
        assert cause.instead == f"in the witness, but {cause.share}."
    assert "No fault touched" not in page([run])


def _detail(run: PageRun, measure: str) -> str:
    reading = run.verdict.reading(measure)
    return reading.detail if reading is not None else ""


def test_the_end_of_the_integration_is_the_first_cause(careless: PageRun) -> None:
    """Before the documents that nobody made any more; where nothing struck it, it is not its own explanation."""
    last = careless.verdict.findings[0].witness[-1]
    note = msgspec.structs.replace(last, kind="note", operation="crash", rule="", words="crash: KeyError()")
    died = Finding(code=DIED, title="the integration ended by itself", gravity="violation", witness=(note,))
    facts = msgspec.structs.replace(careless.verdict.facts, died="KeyError()")
    verdict = msgspec.structs.replace(careless.verdict, facts=facts, findings=(*careless.verdict.findings, died))
    first = causes([PageRun(verdict=verdict, log=careless.log)])[0].told[0]
    assert (first.harm, first.rule, first.instead) == ("The integration ended by itself", "", "")
    assert "crash: KeyError()" in first.answer


def test_a_struck_call_that_seemed_to_go_well_is_what_came_of_it() -> None:
    """An empty page with status 200 is a success for whoever asked; it names no order."""
    now = [0.0]
    rows = Evidence(lambda: now[0])
    rows.event("order.placed", "shop", "MP-1", "MP-1", 1, 1000)
    now[0] = 60.0
    rows.call("shop", "list_changes", "", "", "", 1, "ok", 200, 0.1, "empty")
    rows.fault("shop", "list_changes", "empty_success", "", "", 1, "mattered", "empty")
    now[0] = 7200.0
    rows.event("order.placed", "shop", "MP-2", "MP-2", 1, 1000)
    log = Logbook(rows.frame())
    facts = Facts(started="2011-12-01T08:00:00", duration=7200.0, grace=60.0, feeds=("shop.list_changes",))
    (run,) = causes([PageRun(verdict=judge(log, facts), log=log)])
    assert (run.told[0].rule, run.told[0].struck) == ("empty", "shop: list changes, Thu 1 Dec 08:01")
    assert run.told[0].answer == "the integration → shop, asked to list changes: done after 100 ms"
