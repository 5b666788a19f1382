"""Calls that carry no order's number are told with the order that they were made for."""

from __future__ import annotations

from seatrial.reports.explain_order import OrderStory
from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.on_behalf import on_behalf

FACTS = Facts(
    scenario="storm", started="2011-12-01T08:00:00", duration=7200.0, grace=0.0,
    rules=(RuleFacts(name="limit", fault="rate_limit", at="erp", end=3600.0, matched=9),),
)  # fmt: skip


def acknowledged(history, order: str, second: float):
    """An order was placed, and its channel told, which came to its end at this second."""
    history.at(second - 5).placed(order)
    history.at(second).rows.call("marketplace", "acknowledge_order", "", order, order, 1, "ok", 200, 1.0, "")
    return history


def saved(history, began: float, lasted: float, attempt: int = 1, customer: str = "GB-1", rule: str = "limit"):
    """A customer is saved, in vain."""
    history.at(began + lasted).rows.call(
        "erp", "save_customer", "", customer, "", attempt, "rejected", 429, lasted, rule
    )
    history.rows.fault("erp", "save_customer", "rate_limit", customer, "", attempt, "mattered", rule)
    return history


def orders(history, feeds: tuple[str, ...] = ()) -> list[str]:
    return on_behalf(history.log(), feeds)["correlation"].to_list()


def test_what_begins_where_something_of_an_order_ended_is_made_for_it(history) -> None:
    """Call and strike, and every repeat; who begins at another moment is made for nobody that is known."""
    saved(acknowledged(history, "MP-1", 60), 60, 0.5)
    saved(saved(history, 63, 0.5, attempt=2), 90, 0.5, customer="GB-2")
    assert orders(history) == ["MP-1"] * 4


def test_where_two_orders_could_have_asked_neither_is_named(history) -> None:
    """A guess is no evidence."""
    acknowledged(history, "MP-1", 60)
    saved(acknowledged(history, "MP-2", 60), 60, 0.5)
    assert orders(history) == []


def test_a_repeat_belongs_to_the_last_that_began(history) -> None:
    """The customer of two orders is saved twice; what nobody is known to have begun is not laid at the order before."""
    saved(acknowledged(history, "MP-1", 60), 60, 0.5)
    saved(history, 100, 0.5)
    saved(saved(history, 103, 0.5, attempt=2), 300, 0.5)
    assert orders(history) == ["MP-1"] * 2


def test_what_fetches_news_is_made_for_nobody(history) -> None:
    """However its beginning falls."""
    saved(acknowledged(history, "MP-1", 60), 60, 0.5)
    assert orders(history, ("erp.save_customer",)) == []


def test_the_order_of_rows_of_one_instant_means_nothing(history) -> None:
    """A strike may stand before its call."""
    saved(acknowledged(history, "MP-1", 60), 60, 0.5)
    frame = history.frame()
    turned = frame.reverse().sort("time", maintain_order=True).with_columns(number=frame["number"])
    assert on_behalf(Logbook(turned), ())["correlation"].to_list() == ["MP-1"] * 2


def test_it_is_part_of_the_story_and_of_the_witness(history) -> None:
    """The order was struck, whatever number the call carried."""
    saved(acknowledged(history, "MP-1", 60), 60, 0.5)
    said = "\n".join(line.text for line in OrderStory(history.log(), "MP-1", FACTS).lines())
    assert "limit was armed then and struck it once" in said
    assert "2 calls, 1 in vain" in said
    assert "fault rate_limit struck save customer GB-1 [limit]" in said
    acknowledged(history, "MP-9", 7200)
    verdict = judge(history.log(), FACTS)
    lost = next(each for each in verdict.findings if each.code == "LOST_ORDER")
    assert ("fault", "limit") in [(row.kind, row.rule) for row in lost.witness]
