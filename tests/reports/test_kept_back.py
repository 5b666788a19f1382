"""News of orders is fetched by calls that carry no order's number: what strikes them belongs to whom it kept back."""

from __future__ import annotations

import msgspec

from seatrial.mocks.partners.erp import Erp
from seatrial.mocks.partners.marketplace import Marketplace
from seatrial.reports.explain_order import OrderStory
from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import judge
from seatrial.reports.kept_back import fetches_of, kept_back, orders_struck
from seatrial.reports.logbook import Logbook
from seatrial.sim.operation import operations_of

FEEDS = ("marketplace.list_changes",)
FACTS = Facts(
    scenario="storm", started="2011-12-01T08:00:00", duration=7200.0, grace=0.0, feeds=FEEDS,
    rules=(RuleFacts(name="html", fault="html_error_page", at="marketplace.list_changes", end=3600.0, matched=9),),
)  # fmt: skip


def fetched(history, second: float, rule: str = "", operation: str = "list_changes"):
    """A fetch ends, struck or whole."""
    outcome = "unreadable" if rule else "ok"
    history.at(second).rows.call("marketplace", operation, "", "", "", 1, outcome, 200, 0.1, rule)
    if rule:
        history.rows.fault("marketplace", operation, "html_error_page", "", "", 1, "mattered", rule)
    return history


def times(history, order: str) -> list[float]:
    rows = fetches_of(history.log(), FEEDS, order)
    return (rows["time"].unique().sort() / 1_000_000).to_list()


def test_what_was_fetched_in_vain_until_somebody_acts_belongs_to_the_order(history) -> None:
    """Not what was struck before it was placed, nor what was struck after the first call about it."""
    fetched(history, 10, "html")
    history.at(20).placed("MP-1")
    fetched(fetched(history, 60, "html"), 120, "html")
    fetched(history, 180).asked("sales_order", "MP-1", "MP-1")
    assert times(fetched(history, 240, "html"), "MP-1") == [60.0, 120.0]


def test_a_channel_may_show_its_news_late(history) -> None:
    """One whole fetch may come too early; after the second the news was there to be read."""
    history.at(20).placed("MP-1")
    fetched(fetched(fetched(history, 30), 90, "html"), 150)
    assert times(fetched(history, 210, "html"), "MP-1") == [90.0]


def test_a_webhook_that_arrives_ends_the_waiting(history) -> None:
    """Whatever else is asked later."""
    history.at(20).placed("MP-1")
    history.at(21).rows.webhook("marketplace", "order.placed", "MP-1", "MP-1", 1, "ok", 200, 0.1, "", "")
    assert times(fetched(history, 60, "html"), "MP-1") == []


def test_only_what_brings_news_keeps_it_back(history) -> None:
    """A strike on the way of stock levels delays no order, and without known feeds nothing is guessed."""
    history.at(20).placed("MP-1")
    assert times(fetched(history, 60, "html", "submit_listings"), "MP-1") == []
    assert kept_back(fetched(history, 90, "html").log(), ()).height == 0


def test_a_wish_to_cancel_waits_until_it_is_answered(history) -> None:
    """Calls about its order go on meanwhile and say nothing about it."""
    history.at(20).placed("MP-1").at(30).asked("sales_order", "MP-1", "MP-1")
    history.at(40).happened("cancellation.requested", "marketplace", "MP-1")
    fetched(history, 60, "html").at(70).asked("invoice", "MP-1", "MP-1")
    fetched(history, 80, "html").at(90).happened("cancellation.accepted", "marketplace", "MP-1")
    assert times(fetched(history, 100, "html"), "MP-1") == [60.0, 80.0]


def test_a_rule_that_kept_orders_back_has_struck_them(history) -> None:
    """Which is what tells lost orders from the others."""
    fetched(history.at(20).placed("MP-1"), 60, "html")
    history.at(70).placed("MP-2").rows.fault(
        "erp", "create_sales_order", "outage", "MP-2", "MP-2", 1, "mattered", "out"
    )
    found = orders_struck(history.log(), FEEDS)
    assert sorted(found.rows()) == [("MP-1", "html"), ("MP-2", "out")]


def test_the_witness_of_a_lost_order_shows_the_fetch_that_lost_it(history) -> None:
    """Fault and call, as they stand in the evidence: without the number of an order."""
    fetched(fetched(history.at(20).placed("MP-1"), 60, "html"), 120)
    verdict = judge(Logbook(history.at(7200).happened("order.placed", "marketplace", "MP-9").frame()), FACTS)
    lost = next(each for each in verdict.findings if each.code == "LOST_ORDER")
    assert [(row.kind, row.rule, row.correlation) for row in lost.witness] == [
        ("event", "", "MP-1"), ("call", "html", ""), ("fault", "html", ""),
    ]  # fmt: skip
    assert lost.witness[1].words == "asked to list changes: the reply was unreadable after 100 ms [html]"


def test_what_is_first_in_the_flow_is_found_first(history) -> None:
    """An order that was never entered was never released either: of equal harm the cause stands before the rest."""
    history.at(20).placed("MP-1")
    verdict = judge(Logbook(history.at(7200).placed("MP-9").frame()), msgspec.structs.replace(FACTS, grace=60.0))
    codes = [each.code for each in verdict.findings if each.gravity == "violation"]
    assert codes[:2] == ["LOST_ORDER", "UNRELEASED_ORDER"]


def test_the_story_of_an_order_tells_what_kept_it_back(history) -> None:
    """How often, the first times and the last; these are no calls of its own."""
    history.at(20).placed("MP-1")
    for minute in range(1, 10):
        fetched(history, minute * 60, "html")
    fetched(history, 600).asked("sales_order", "MP-1", "MP-1")
    said = "\n".join(line.text for line in OrderStory(history.log(), "MP-1", FACTS).lines())
    assert "html was armed then and kept back the news of it 9 times" in said
    assert "1 call\n" in said
    assert "┄┄ 5 more fetches in vain" in said
    assert said.count("struck list changes [html]") == 4


def test_operations_say_themselves_whether_they_tell_of_orders() -> None:
    """A page of changes does; a page of stock levels, a sign-in and what asks for a known order do not."""
    channel = {each.name for each in operations_of(Marketplace).values() if each.tells_of_orders}
    assert channel == {"list_changes"}
    assert not any(each.tells_of_orders for each in operations_of(Erp).values())
