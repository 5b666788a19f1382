"""The verdict: what passes, what violates, what stays in doubt, and the witnesses of each finding."""

from __future__ import annotations

import msgspec
import polars as pl
import pytest

from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.verdict import Outcome
from seatrial.sim.errors import UnknownName
from seatrial.sim.rows import empty_frame

FACTS = Facts(scenario="storm", seed=7, integration="naive", grace=0.0)
DOUBLED = "DUPLICATE_SALES_ORDER"


def _sound(history) -> None:
    """One order from placed to invoiced, with every paper."""
    history.level("north", "on_hand", "A", 5).level("erp", "book", "A", 5, "north").placed("MP-1").made(
        "sales_order", "MP-1", "MP-1", "SO-1"
    )
    history.asked("sales_order", "MP-1", "MP-1").made("fulfilment", "MP-1/R1", "MP-1", "F-1", partner="north")
    history.at(60).shipped("MP-1", "north-P1").level("north", "on_hand", "A", 4).level("erp", "book", "A", 4, "north")
    for document in ("label", "shipment_confirmation", "shipment", "invoice"):
        history.made(document, "north-P1", "MP-1", f"{document}-1").asked(document, "north-P1", "MP-1")
    history.made("notification", "MP-1/shipped/north-P1", "MP-1", "N-1", partner="desk")
    history.asked("notification", "MP-1/shipped/north-P1", "MP-1").asked("fulfilment", "MP-1/R1", "MP-1")


def _doubled(history) -> None:
    """The reply to the first sales order is lost, and the caller tries again."""
    _sound(history)
    history.at(70).placed("MP-2")
    history.rows.fault("erp", "create_sales_order", "LostReply", "MP-2", "MP-2", 1, "mattered", "lost replies")
    history.made("sales_order", "MP-2", "MP-2", "SO-2").at(80).asked("sales_order", "MP-2", "MP-2", "timed_out")
    history.made("sales_order", "MP-2", "MP-2", "SO-3").at(81).asked("sales_order", "MP-2", "MP-2", attempt=2)
    history.happened("order.backordered", "erp", "MP-2")


def _codes(verdict, gravity: str) -> list[str]:
    return [finding.code for finding in verdict.findings if finding.gravity == gravity]


def test_a_sound_run_passes(history) -> None:
    """Nothing missing, nothing twice, no rule armed: passed, exit code 0, no reasons."""
    _sound(history)
    verdict = judge(history.frame(), FACTS)
    assert (verdict.outcome, verdict.exit_code, verdict.reasons) == (Outcome.PASSED, 0, ())


def test_a_run_that_is_all_grace_is_inconclusive(history) -> None:
    """Orders are missing and each had time left when the run ended: neither passed nor violated, and it says why."""
    history.at(5).placed("MP-1").placed("MP-2").at(60)
    verdict = judge(history.frame(), msgspec.structs.replace(FACTS, grace=900.0), {"lost.sales_order": 0})
    assert (verdict.outcome, verdict.exit_code) == (Outcome.INCONCLUSIVE, 4)
    (limit,) = (each for each in verdict.limits if each.measure == "lost.sales_order")
    assert (limit.judgement, "within the grace of 15 min" in limit.why) == ("open", True)


def test_a_duplicate_violates_with_its_witness(history) -> None:
    """The chain shows the strike, both commits and both calls, in the order of the log, and how to replay it."""
    _doubled(history)
    verdict = judge(history.frame(), FACTS)
    assert (verdict.outcome, verdict.exit_code) == (Outcome.VIOLATED, 1)
    finding = next(each for each in verdict.findings if each.code == DOUBLED)
    assert (finding.gravity, finding.count, finding.keys) == ("violation", 1.0, ("MP-2",))
    assert [(row.kind, row.outcome) for row in finding.witness] == [
        ("fault", "mattered"),
        ("commit", "created"),
        ("call", "timed_out"),
        ("commit", "created"),
        ("call", "ok"),
    ]
    assert [row.number for row in finding.witness] == sorted(row.number for row in finding.witness)
    assert finding.replay == "seatrial run storm --seed 7 --integration naive"
    assert "attempt 2" in finding.witness[-1].words


def test_a_witness_has_no_strike_without_its_call(history) -> None:
    """Of a duplicate that took many attempts the call that made the first and its strike are kept, then the last
    strike; each strike stands after the call that it fell on.
    """
    history.placed("MP-2").made("sales_order", "MP-2", "MP-2", "SO-2")
    for attempt in range(1, 8):
        history.at(attempt * 10).asked("sales_order", "MP-2", "MP-2", "timed_out", attempt)
        history.rows.fault("erp", "create_sales_order", "x", "MP-2", "MP-2", attempt, "mattered", f"rule {attempt}")
    history.made("sales_order", "MP-2", "MP-2", "SO-3").asked("sales_order", "MP-2", "MP-2", attempt=8)
    finding = next(each for each in judge(history.frame(), FACTS).findings if each.code == DOUBLED)
    assert [(row.kind, row.attempt) for row in finding.witness] == [
        ("commit", 0), ("call", 1), ("fault", 1), ("call", 7), ("fault", 7), ("commit", 0), ("call", 8),
    ]  # fmt: skip


def test_one_violation_speaks_for_its_sum(history) -> None:
    """The limit on the total is told by the duplicate itself, not once more."""
    _doubled(history)
    assert _codes(judge(history.frame(), FACTS), "violation") == [DOUBLED]


def test_a_limit_without_a_finding_of_its_own_is_told_by_its_name(history) -> None:
    """A broken limit on a latency is a finding, too."""
    _sound(history)
    verdict = judge(history.frame(), FACTS, {"latency.placed_to_shipped.max": "<= 30 s"})
    assert _codes(verdict, "violation") == ["LIMIT_LATENCY_PLACED_TO_SHIPPED_MAX"]


def test_what_breaks_no_limit_is_a_remark(history) -> None:
    """A scenario that allows duplicates still gets to see them."""
    _doubled(history)
    verdict = judge(history.frame(), FACTS, {"duplicates.total": "any"})
    assert (verdict.outcome, DOUBLED in _codes(verdict, "remark")) == (Outcome.PASSED, True)


def test_a_rule_that_never_fired_leaves_a_doubt(history) -> None:
    """A storm that never came proves nothing: inconclusive, exit code 4."""
    _sound(history)
    rules = (RuleFacts(name="quiet", fault="Outage", begin=0.0, end=30.0, matched=0),)
    verdict = judge(history.frame(), msgspec.structs.replace(FACTS, rules=rules))
    assert (verdict.outcome, verdict.exit_code) == (Outcome.INCONCLUSIVE, 4)
    assert _codes(verdict, "doubt") == ["RULE_NEVER_FIRED"]
    assert verdict.coverage[0].matched == 0


def test_too_few_samples_leave_a_doubt(history) -> None:
    """A p99 of one order is no p99."""
    _sound(history)
    verdict = judge(history.frame(), FACTS, {"latency.placed_to_shipped.p99": "<= 1 h"})
    assert (verdict.outcome, _codes(verdict, "doubt")) == (Outcome.INCONCLUSIVE, ["NOT_MEASURED"])


def test_a_violation_outweighs_a_doubt(history) -> None:
    """What was seen to be wrong is wrong, however thin the rest of the evidence."""
    _doubled(history)
    rules = (RuleFacts(name="quiet", begin=0.0, end=30.0),)
    assert judge(history.frame(), msgspec.structs.replace(FACTS, rules=rules)).outcome == Outcome.VIOLATED


def test_a_run_in_which_nothing_happened_is_no_success() -> None:
    """Without a single order the verdict is inconclusive, never green."""
    verdict = judge(empty_frame(), FACTS)
    assert (verdict.outcome, _codes(verdict, "doubt")) == (Outcome.INCONCLUSIVE, ["NOTHING_HAPPENED"])


def test_a_run_that_was_stopped_is_no_success(history) -> None:
    """An interrupted run can be read, and is inconclusive at best."""
    _sound(history)
    verdict = judge(history.frame(), msgspec.structs.replace(FACTS, complete=False))
    assert (verdict.outcome, _codes(verdict, "doubt")) == (Outcome.INCONCLUSIVE, ["RUN_INCOMPLETE"])


def test_a_run_that_lost_evidence_was_not_stopped(history) -> None:
    """What is missing had come: the doubt says what was lost, not that the run ended early."""
    _sound(history)
    verdict = judge(history.frame(), msgspec.structs.replace(FACTS, complete=False, lost="part 3 is missing"))
    assert (verdict.outcome, _codes(verdict, "doubt")) == (Outcome.INCONCLUSIVE, ["EVIDENCE_LOST"])
    assert "part 3 is missing" in verdict.reasons[0]


def test_an_integration_that_ended_by_itself_has_failed(history) -> None:
    """However sound its books are when it goes: a violation that says how it ended."""
    _sound(history)
    verdict = judge(history.frame(), msgspec.structs.replace(FACTS, died="ended with exit code 7"))
    assert (verdict.outcome, verdict.exit_code) == (Outcome.VIOLATED, 1)
    assert _codes(verdict, "violation") == ["INTEGRATION_DIED"]
    assert "the integration ended by itself: ended with exit code 7" in verdict.reasons[0]


def test_trouble_in_the_harness_says_nothing_about_the_integration(history) -> None:
    """Harness error, exit code 3, whatever the evidence holds."""
    _doubled(history)
    verdict = judge(history.frame(), msgspec.structs.replace(FACTS, trouble="the disk is full"))
    assert (verdict.outcome, verdict.exit_code, verdict.reasons) == (
        Outcome.HARNESS_ERROR,
        3,
        ("the disk is full",),
    )


def test_a_rule_that_was_noticed_by_nobody_is_told(history) -> None:
    """A rule that fired and never mattered is a remark."""
    _sound(history)
    history.rows.fault("erp", "create_invoice", "Latency", "P-1", "MP-1", 1, "idle", "slow")
    verdict = judge(history.frame(), FACTS)
    assert (verdict.outcome, _codes(verdict, "remark")) == (Outcome.PASSED, ["RULE_NEVER_MATTERED"])


def test_an_unknown_limit_is_refused_before_anything_is_read() -> None:
    """Bad input, not a verdict."""
    with pytest.raises(UnknownName):
        judge(empty_frame(), FACTS, {"duplikates.total": 0})


def test_a_lost_order_is_witnessed_by_what_should_have_been(history) -> None:
    """The chain of what is missing begins with why it is owed and ends with what was given up."""
    _sound(history)
    history.at(70).placed("MP-2").asked("sales_order", "MP-2", "MP-2", "refused")
    history.rows.note("dead_letter", "M-1", "MP-2", detail="refused")
    verdict = judge(history.frame(), FACTS)
    finding = next(each for each in verdict.findings if each.code == "LOST_ORDER")
    assert [row.operation for row in finding.witness] == ["order.placed", "create_sales_order", "dead_letter"]


def _released_in_vain(history):
    """The record of a release is refused for good, the parcel leaves all the same, and nobody writes the invoice."""
    _sound(history)
    history.at(70).placed("MP-2").at(71).asked("release", "MP-2/R1", "MP-2", "rejected")
    history.rows.fault("erp", "create_release", "auth_expired", "MP-2/R1", "MP-2", 1, "mattered", "expired")
    history.at(72).asked("promise", "MP-2", "MP-2", "rejected").at(73).asked("promise", "MP-2", "MP-2")
    return history.at(80).shipped("MP-2", "north-P2")


def _invoice_missed(history):
    return next(each for each in judge(history.frame(), FACTS).findings if each.code == "MISSING_INVOICE")


def test_what_struck_before_something_was_owed_is_in_its_witness(history) -> None:
    """The last strike, and the last call that never came through, of the order's way there; no call that did."""
    finding = _invoice_missed(_released_in_vain(history))
    assert [(row.kind, row.operation) for row in finding.witness] == [
        ("call", "create_release"), ("fault", "create_release"), ("event", "shipment.dispatched"),
    ]  # fmt: skip


def test_what_struck_since_something_was_owed_is_nearer(history) -> None:
    """Then what came before is left out: a witness is short."""
    _released_in_vain(history).at(81)
    history.rows.fault("erp", "create_invoice", "outage", "north-P2", "MP-2", 1, "mattered", "down")
    history.asked("invoice", "north-P2", "MP-2", "refused")
    assert {row.rule for row in _invoice_missed(history).witness} == {"", "down"}


def test_every_kind_of_finding_has_a_witness(history) -> None:
    """Orders, SKUs and missing documents alike: no finding of a measure comes without evidence."""
    _sound(history)
    history.at(100).placed("MP-3", 9).shipped("MP-3", "north-P9", 10).level("erp", "book", "A", 77, "north")
    history.happened("cancellation.accepted", "marketplace", "MP-3", quantity=1, amount=10)
    verdict = judge(history.frame(), FACTS)
    found = {finding.code: finding for finding in verdict.findings}
    assert {
        "OVERSHIPPED",
        "OVERSOLD",
        "DRIFT_LEFT_ERP",
        "MISSING_INVOICE",
        "MISSING_REFUND",
        "CUSTOMER_NOT_TOLD",
    } <= set(found)
    assert [code for code, finding in found.items() if finding.measure and not finding.witness] == []


def test_the_way_in_does_not_matter(history) -> None:
    """A frame in memory, a lazy frame and a logbook give one verdict."""
    _doubled(history)
    frame = history.frame()
    verdicts = [judge(evidence, FACTS) for evidence in (frame, frame.lazy(), Logbook(frame))]
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_rows_of_unknown_kinds_are_left_alone(history) -> None:
    """Evidence of a later version with kinds that no measure knows is read all the same."""
    _sound(history)
    more = history.frame().tail(1).with_columns(pl.lit("weather").alias("kind"))
    assert judge(pl.concat([history.frame(), more]), FACTS).outcome == Outcome.PASSED
