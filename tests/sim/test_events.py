"""The table of business events: one name each, in one form, readable by people."""

from __future__ import annotations

import re

import pytest

from seatrial.sim.events import EVENTS, Emitter, Event

PAST = re.compile(r"[a-z]+\.([a-z]+_)*[a-z]+")
IRREGULAR = {"lost", "shrunk", "oversold", "out_for_delivery", "in_transit", "picked_up", "returned_to_sender"}


@pytest.mark.parametrize("event", list(Event))
def test_a_name_is_dotted_and_past_tense(event: Event) -> None:
    """Subject, dot, what happened to it: `order.captured`."""
    assert PAST.fullmatch(event)
    happened = event.split(".")[1]
    assert happened.endswith("ed") or happened in IRREGULAR


@pytest.mark.parametrize("event", list(Event))
def test_an_event_says_who_writes_it_and_what_it_means(event: Event) -> None:
    """Every name has a ledger and one line of meaning of its own."""
    assert event.emitter in Emitter
    assert event.meaning
    assert "\n" not in event.meaning
    assert [other for other in Event if other.meaning == event.meaning] == [event]


def test_a_member_is_its_name() -> None:
    """What is written into the evidence is the plain name, so that a reader can look it up in the table."""
    assert Event.ORDER_PLACED == "order.placed"
    assert f"{Event.ORDER_PLACED}" == "order.placed"
    assert EVENTS[Event.ORDER_PLACED] is EVENTS["order.placed"]


def test_the_table_is_frozen_and_complete() -> None:
    """All events and no others stand in the table, and nobody adds one at run time."""
    assert list(EVENTS) == [event.value for event in Event]
    with pytest.raises(TypeError):
        EVENTS["order.teleported"] = EVENTS["order.placed"]  # type: ignore[index]


@pytest.mark.parametrize("subject", ["order", "fulfilment", "shipment", "invoice", "return", "refund", "inventory"])
def test_every_step_of_the_flow_has_events(subject: str) -> None:
    """The canonical entities of the flow each have a first word in the table."""
    assert any(name.startswith(subject + ".") for name in EVENTS)
