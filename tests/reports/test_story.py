"""The story of an order, as a person reads it."""

from __future__ import annotations

import pytest

from seatrial.reports.facts import Facts
from seatrial.reports.story import story, story_lines
from seatrial.sim.errors import UnknownName

FACTS = Facts(started="2011-12-01T08:00:00", currency="GBP")


def test_a_story_is_told_in_order_by_everybody(history) -> None:
    """Channel, integration, ERP and warehouse each tell their part, with the wall clock of the run."""
    history.placed("MP-1", 2, 1250).at(61).asked("sales_order", "MP-1", "MP-1", "timed_out")
    history.at(62).made("sales_order", "MP-1", "MP-1", "SO-1", amount=1250)
    history.rows.fault("erp", "create_sales_order", "LostReply", "MP-1", "MP-1", 1, "mattered", "lost")
    history.rows.webhook("north", "shipment.dispatched", "north-P1", "MP-1", 2, "failed", 500, 0.2, "", "")
    history.rows.note("retry", "MP-1", "MP-1", detail="erp timed_out")
    rows = story(history.log(), "MP-1", FACTS)
    lines = list(story_lines(rows, FACTS))
    assert [row.kind for row in rows] == ["sale", "event", "call", "commit", "fault", "webhook", "note"]
    assert lines[0].startswith("Thu 01 Dec 08:00:00")
    assert lines[2].startswith("Thu 01 Dec 08:01:01")
    assert [part for part in ("+1 min 1 s", "→ erp", "no reply after 1 s") if part not in lines[2]] == []
    assert "created sales order MP-1 as SO-1, 12.50 GBP" in lines[3]
    assert "struck create sales order MP-1 [lost]" in lines[4]
    assert "delivery 2: not taken" in lines[5]


def test_a_story_without_a_clock_is_told_in_seconds(history) -> None:
    """Where nobody said when the run began, seconds of the run stand in the place of the wall clock."""
    rows = story(history.at(3.5).placed("MP-1").log(), "MP-1", Facts())
    assert next(iter(story_lines(rows, Facts()))).strip().startswith("3.500 s")


def test_only_the_orders_own_rows_are_told(history) -> None:
    """MP-1 is not MP-10."""
    history.placed("MP-1").placed("MP-10").made("notification", "MP-1/shipped/P", "", "N-1")
    assert {row.key for row in story(history.log(), "MP-1", FACTS)} == {"A", "MP-1", "MP-1/shipped/P"}


def test_an_unknown_order_is_named_with_others(history) -> None:
    """The error shows order numbers that the run does know."""
    with pytest.raises(UnknownName, match="MP-12"):
        story(history.placed("MP-12").log(), "MP-1234", FACTS)


def test_nothing_is_no_order(history) -> None:
    """What belongs to no order is the story of none, least of all of the one without a number."""
    history.placed("MP-12").asked("changes", "", "", "ok")
    with pytest.raises(UnknownName, match="no such order in this run: ''"):
        story(history.log(), "", FACTS)


def test_what_is_asked_without_a_key_is_told_without_one(history) -> None:
    """A list is of no document, and leaves no gap in the sentence."""
    history.rows.call("b2b", "fetch_batch", "", "", "MP-1", 1, "ok", 200, 0.1, "", "")
    assert [row.words for row in story(history.log(), "MP-1", FACTS)] == ["asked to fetch batch: done after 100 ms"]
