"""What the engineer on call is told: of an order, a SKU, a finding, a run."""

from __future__ import annotations

import msgspec
import pytest

from seatrial.mocks.middleware.controls import Controls
from seatrial.reports.explain_finding import finding_lines, findings_named, preventions
from seatrial.reports.explain_order import OrderStory
from seatrial.reports.explain_run import run_lines
from seatrial.reports.explain_sku import SkuStory
from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import definitions, judge
from seatrial.reports.lanes import drawn, head, lanes_of
from seatrial.reports.remedies import CONTROLS, remedy_of
from seatrial.reports.telling import told
from seatrial.sim.errors import UnknownName
from seatrial.sim.manifest import Phase

FACTS = Facts(
    scenario="storm",
    seed=7,
    integration="naive",
    started="2011-12-01T08:00:00",
    duration=7200.0,
    grace=0.0,
    phases=(Phase("chaos", 0.0, 3600.0), Phase("calm", 3600.0, 7200.0)),
    rules=(RuleFacts(name="lost", fault="lost_reply", at="erp", begin=30.0, end=300.0, matched=9),),
)


def twice(history):
    """An order whose sales order was made, the reply lost, and made again."""
    history.placed("MP-1", 2, 1250).at(60.5).made("sales_order", "MP-1", "MP-1", "SO-1", amount=1250)
    history.at(61).asked("sales_order", "MP-1", "MP-1", "timed_out")
    history.rows.fault("erp", "create_sales_order", "lost_reply", "MP-1", "MP-1", 1, "mattered", "lost")
    history.at(62.5).made("sales_order", "MP-1", "MP-1", "SO-2", amount=1250)
    return history.at(63).asked("sales_order", "MP-1", "MP-1", attempt=2)


def text(lines) -> str:
    return "\n".join(line.text for line in lines)


# An order


def test_an_order_is_summed_up_before_its_story(history) -> None:
    """What was bought and where, how it went, its calls, the faults, what is too much and what is owed."""
    said = text(OrderStory(twice(history).at(7200).log(), "MP-1", FACTS).lines())
    assert "MP-1: 2 units, 12.50 GBP, placed at marketplace Thu 01 Dec 08:00:00" in said
    assert "2 calls, 1 repeat, 1 done, but the reply was lost" in said
    assert "lost was armed then and struck it once" in said
    assert "2 × sales order under MP-1: SO-1 and SO-2" in said
    assert "fulfilment MP-1, since Thu 01 Dec 08:00:00: a shopper or buyer placed an order" in said


def test_what_struck_an_order_is_told_before_what_spared_it(history) -> None:
    """One line for each rule that struck, one for all that were armed and did not."""
    rules = (RuleFacts(name="calm", end=7200.0), *FACTS.rules, RuleFacts(name="mild", end=7200.0))
    facts = msgspec.structs.replace(FACTS, rules=rules)
    said = text(OrderStory(twice(history).log(), "MP-1", facts).lines())
    struck, spared = said.index("lost was armed then and struck it once"), said.index("were armed then and spared it")
    assert struck < spared
    assert "calm and mild were armed then and spared it" in said


def test_a_lost_reply_is_marked_where_it_was_lost(history) -> None:
    """The call that did its work in vain says so, and which document it made; attempts are counted."""
    lines = [line.text for line in OrderStory(twice(history).log(), "MP-1", FACTS).lines()]
    lost = next(line for line in lines if "no reply" in line)
    assert "✗───►" in lost
    assert "attempt 1 of 2; it was done all the same (#2)" in lost
    assert next(line for line in lines if "attempt 2:" in line).count("done after") == 1


def test_what_nobody_did_is_no_lost_reply(history) -> None:
    """A call that timed out before anything was written was in vain."""
    history.placed("MP-1").at(61).asked("sales_order", "MP-1", "MP-1", "timed_out")
    said = text(OrderStory(history.log(), "MP-1", FACTS).lines())
    assert "1 call, 1 in vain" in said
    assert "done all the same" not in said


def test_fault_windows_stand_where_they_open_and_close(history) -> None:
    """Between the rows of the story; one that the order never met is not told."""
    facts = msgspec.structs.replace(FACTS, rules=(*FACTS.rules, RuleFacts(name="later", begin=5000.0, end=6000.0)))
    twice(history).at(400).happened("fulfilment.accepted", "north", "MP-1/R1", "MP-1", 2)
    lines = [line.text.strip() for line in OrderStory(history.log(), "MP-1", facts).lines()]
    begins, ends = lines.index("┄┄ lost is armed from here"), lines.index("┄┄ lost is over")
    assert "placed an order" in lines[begins - 1]
    assert "took the release on" in lines[ends + 1]
    assert "later" not in "\n".join(lines)


def test_what_is_owed_is_not_due_before_its_time(history) -> None:
    """What happened in the last moments of a run owes nothing yet, and is told apart."""
    said = text(
        OrderStory(history.at(7199).placed("MP-1").log(), "MP-1", msgspec.structs.replace(FACTS, grace=60)).lines()
    )
    assert "not due yet   sales_order MP-1".replace("_", " ") in said
    assert "still owed" not in said


def test_lanes_are_channel_integration_and_then_as_they_come(history) -> None:
    """The integration stands beside the channel; an arrow leads from who asks to who is asked."""
    history.placed("MP-1").at(1).asked("sales_order", "MP-1", "MP-1").at(2).asked(
        "sales_order", "MP-1", "MP-1", "reset"
    )
    history.at(3).asked("sales_order", "MP-1", "MP-1", "rejected")
    history.rows.webhook("north", "shipment.dispatched", "P", "MP-1", 1, "ok", 200, 0.1, "", "")
    rows = told(history.frame())
    lanes = lanes_of(rows)
    assert lanes == ("marketplace", "integration", "erp", "north")
    assert head(lanes).split() == ["mar", "int", "erp", "nor"]
    shown = [drawn(row, lanes).strip() for row in rows if row.kind in ("call", "webhook")]
    assert shown == ["·   ●───►   ·", "·   ●───✗   ·", "·   ●───!   ·", "·   ◄───────●"]
    assert drawn(rows[3], lanes, done=True).strip() == "·   ✗───►   ·"


def test_an_unknown_order_is_answered_with_the_nearest(history) -> None:
    """The nearest first."""
    with pytest.raises(UnknownName, match="did you mean 'MP-12'"):
        OrderStory(history.placed("SF-1").placed("MP-12").log(), "MP-1234", FACTS)


# A SKU


def stocked(history):
    """A SKU on one shelf, in the ERP's book and on one channel; a delivery that the ERP hears of late; a theft."""
    history.level("north", "on_hand", "A", 10).level("erp", "book", "A", 10, "north").level(
        "marketplace", "listing", "A", 10
    )
    history.at(60).placed("MP-1", 3)
    history.at(600).level("north", "on_hand", "A", 30).happened("inventory.received", "north", "S-1", quantity=20)
    history.at(1800).level("erp", "book", "A", 30, "north").level("marketplace", "listing", "A", 27)
    history.at(2000).level("north", "physical", "A", 28).happened("inventory.shrunk", "north", "A", quantity=2)
    return history.at(7200).placed("MP-2", 40)


def test_a_sku_is_told_by_its_books(history) -> None:
    """Sales, oversells, stretches of drift with their length, and who was told of a delivery when."""
    said = text(SkuStory(stocked(history).log(), "A", FACTS).lines())
    assert "A: 43 units sold in 2 orders" in said
    assert "by 15 units at the worst moment, Thu 01 Dec 10:00:00" in said
    assert "north: up to 20 units for 20 min, Thu 01 Dec 08:10:00 – Thu 01 Dec 08:30:00" in said
    assert (
        "north +20 to 30: inventory received (S-1); then erp: book of north +20 min, marketplace: on offer +20 min"
        in said
    )


def test_levels_of_every_book_stand_side_by_side(history) -> None:
    """A line for each book, from the first moment of the run to the last."""
    lines = [line.text for line in SkuStory(stocked(history).log(), "A", FACTS).lines()]
    book = next(line for line in lines if line.strip().startswith("erp: book of north") and "then" not in line)
    assert book.split()[4:] == ["10", "10", "30", "30", "30", "30", "30"]


@pytest.mark.parametrize(
    ("end", "times"),
    [(7200, ["08:00", "08:20", "10:00"]), (60, ["08:00:00", "08:00:10", "08:01:00"]),
     (3, ["08:00:00.000", "08:00:00.500", "08:00:03.000"])],
)  # fmt: skip
def test_moments_of_levels_can_be_told_apart(history, end: float, times: list[str]) -> None:
    """A run of a minute shows seconds, one of seconds their parts."""
    history.level("north", "on_hand", "A", 9).at(end).level("north", "on_hand", "A", 8)
    lines = [line.text for line in SkuStory(history.log(), "A", FACTS).lines()]
    head = next(number for number, line in enumerate(lines) if "level at" in line)
    said = lines[head + 1].split()
    assert len(set(said)) == len(said)
    assert [said[0], said[1], said[-1]] == times


def test_shipments_move_stock_only_where_something_shipped(history) -> None:
    """A shelf from which nothing left was moved by nothing."""
    history.placed("MP-1").level("north", "on_hand", "A", 9).at(60).level("erp", "book", "A", 9, "north")
    moved = "  moved by      "
    assert f"{moved}nothing" in text(SkuStory(history.log(), "A", FACTS).lines())
    history.at(70).shipped("MP-1", "north-P1").level("north", "on_hand", "A", 8)
    assert f"{moved}shipments only" in text(SkuStory(history.log(), "A", FACTS).lines())


def test_every_row_of_a_sku_can_be_asked_for(history) -> None:
    """With everything, each row of stock and sale is told with its number."""
    story = SkuStory(stocked(history).log(), "A", FACTS)
    numbers = {line.text.rpartition("#")[2] for line in story.lines(everything=True) if "#" in line.text}
    assert numbers == set(map(str, story.rows["number"]))


def test_an_unknown_sku_is_answered_with_the_nearest(history) -> None:
    """Only of stock and sale: an order is no SKU."""
    with pytest.raises(UnknownName, match=r"no such SKU in this run: 'MP-1'.*known: A"):
        SkuStory(stocked(history).log(), "MP-1", FACTS)


# A finding, and a run


def test_every_finding_of_a_measure_has_its_remedy() -> None:
    """Why it is damage, and a control that prevents it; none is explained away as an ordinary limit."""
    limit = remedy_of("LIMIT_ORDERS_PLACED")
    codes = {each.code for each in definitions() if each.code}
    assert [code for code in codes if remedy_of(code) is limit or not remedy_of(code).controls] == []


def test_remedies_name_controls_that_there_are() -> None:
    """Every switch of the reference integrations is explained, and no other."""
    switches = {field.name for field in msgspec.structs.fields(Controls) if field.type is bool}
    assert set(CONTROLS) == switches
    named = {name for each in definitions() if each.code for name in remedy_of(each.code).controls}
    assert named <= switches


def test_a_finding_says_why_it_is_damage_and_what_prevents_it(history) -> None:
    """With its witness and the command that makes the run again."""
    verdict = judge(twice(history).at(7200).log(), FACTS)
    (finding,) = findings_named(verdict, "duplicate_sales_order")
    said = text(finding_lines(finding, verdict))
    assert "stands in the ERP twice" in said
    assert "idempotency_key: send a key with every write" in said
    assert [row.number for row in finding.witness if f"#{row.number}" not in said] == []
    assert said.endswith("seatrial run storm --seed 7 --integration naive")


def test_only_what_fits_the_witness_is_named_as_a_safeguard(history) -> None:
    """Whoever was not told of a document needs no inbox; where a message came twice, or nothing is known, it is."""
    (hidden,) = findings_named(verdict := judge(twice(history).at(7200).log(), FACTS), "DUPLICATE_SALES_ORDER")
    told_twice = type(history)().placed("MP-1").made("sales_order", "MP-1", "MP-1", "SO-1")
    told_twice.asked("sales_order", "MP-1", "MP-1")
    told_twice.rows.fault("shop", "order.placed", "webhook_duplicate", "MP-1", "MP-1", 1, "mattered", "twice")
    told_twice.made("sales_order", "MP-1", "MP-1", "SO-2").asked("sales_order", "MP-1", "MP-1")
    (doubled,) = findings_named(judge(told_twice.at(7200).log(), FACTS), "DUPLICATE_SALES_ORDER")
    names = [[line.partition(":")[0] for line in preventions(each, verdict)] for each in (hidden, doubled)]
    assert names == [["idempotency_key"], ["idempotency_key", "inbox", "ordering_guard"]]


def test_an_integration_that_ended_is_told_without_a_count(history) -> None:
    """It happens once or not at all, and no row could show it: neither is said."""
    facts = msgspec.structs.replace(FACTS, died="KeyError('sku') at sync.py:41")
    verdict = judge(history.at(1).placed("MP-1").log(), facts)
    (finding,) = findings_named(verdict, "INTEGRATION_DIED")
    first, *rest = text(finding_lines(finding, verdict)).splitlines()
    assert first == "INTEGRATION_DIED  the integration ended by itself: KeyError('sku') at sync.py:41"
    assert not any("no row of evidence" in line for line in rest)


def test_a_run_is_told_from_its_fault_to_its_damage(history) -> None:
    """What struck, what it caused and after which rule, the witness that came first, and where to look."""
    verdict = judge(twice(history).at(7200).log(), FACTS)
    said = text(run_lines(verdict, "runs/a b"))
    assert said.startswith("storm · naive · seed 7: violated")
    assert "lost  Thu 01 Dec 08:00:30 – Thu 01 Dec 08:05:00, struck 1 of 9 calls" in said
    assert "first seen Thu 01 Dec 08:01:03, after lost" in said
    assert "first witness LOST_ORDER" not in said
    assert "seatrial explain 'runs/a b' --finding" in said
    assert "seatrial explain 'runs/a b' --order MP-1" in said


def test_a_run_that_held_says_what_it_withstood(history) -> None:
    """Nothing is broken; what it cost is told all the same."""
    facts = msgspec.structs.replace(FACTS, rules=())
    history.at(1).placed("MP-1").happened("order.rejected", "marketplace", "MP-1")
    said = text(run_lines(judge(history.log(), facts), "r"))
    assert "passed" in said.splitlines()[0]
    assert "nothing is broken at the end; no fault mattered" in said
    assert "none was armed" in said
    assert "first witness" not in said


def test_an_empty_run_is_told(history) -> None:
    """Nothing happened, and that is said."""
    said = text(run_lines(judge(history.log(), Facts()), "r"))
    assert "no order was placed" in said


def ended(history):
    """A program that a refused call ended, after another that nobody minded; then an order that nobody worked on."""
    history.at(30).asked("probe", "P-1", "P-1").at(60).asked("probe", "P-2", "P-2", "refused")
    history.rows.fault("erp", "create_probe", "outage", "P-2", "P-2", 1, "mattered", "lost")
    history.asked("probe", "P-3", "P-3", "cancelled").rows.note("crash", detail="KeyError('sku')")
    history.at(90).rows.phase("window", "begin", "late")
    return history.at(100).placed("MP-1")


def test_an_integration_that_ended_is_witnessed_by_its_last_moments(history) -> None:
    """The calls before, what struck them and the end itself; what the end cut short is no reason for it."""
    facts = msgspec.structs.replace(FACTS, died="KeyError('sku') at sync.py:41")
    history.at(10).rows.note("crash")
    verdict = judge(ended(history).log(), facts)
    (finding,) = findings_named(verdict, "INTEGRATION_DIED")
    assert [(row.kind, row.key or row.operation) for row in finding.witness] == [
        ("call", "P-1"), ("call", "P-2"), ("fault", "P-2"), ("note", "crash"),
    ]  # fmt: skip
    said = text(run_lines(verdict, "r"))
    assert "first seen Thu 01 Dec 08:01:00, after lost" in said
    assert "first witness INTEGRATION_DIED\n" in said
    assert "first seen Thu 01 Dec 08:01:40, after the integration had ended" in said
    assert "--order MP-1" in said


def test_the_end_is_the_first_harm_whatever_was_owed_before(history) -> None:
    """An order of the first second was still worked on when the integration ended."""
    facts = msgspec.structs.replace(FACTS, died="KeyError('sku')")
    verdict = judge(ended(history.placed("MP-0")).log(), facts)
    assert "first witness INTEGRATION_DIED\n" in text(run_lines(verdict, "r"))


def test_no_safeguard_was_missing_after_the_end(history) -> None:
    """Of what came about when nobody was there any more, no control is named; without an end it is."""
    for died, named in (("KeyError('sku')", False), ("", True)):
        verdict = judge(ended(type(history)()).log(), msgspec.structs.replace(FACTS, died=died))
        (finding,) = findings_named(verdict, "LOST_ORDER")
        said = text(finding_lines(finding, verdict))
        assert ("retry:" in said, "after the integration had ended by itself" in said) == (named, not named)
