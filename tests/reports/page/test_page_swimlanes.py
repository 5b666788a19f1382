"""Laws of the swim lanes: what a witness says is drawn, in its order, and what was lost is seen to be lost."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.reports.charts_svg import drawable
from seatrial.reports.charts_swimlane import swimlane
from seatrial.reports.page_pictures import PICTURES, pictures
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import Calendar
from seatrial.reports.roles import roles
from seatrial.reports.swimlanes import Step, Swim, swim
from seatrial.reports.witness import WitnessRow
from seatrial.sim.events import Emitter

KNOWN = {"shop": Emitter.CHANNEL, "erp": Emitter.ERP, "north": Emitter.WAREHOUSE, "falcon": Emitter.CARRIER}
CALENDAR = Calendar("2011-12-01T06:00:00+00:00")
NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]>&amp;{{7*7}}",
    "$\\frac{1}{2}$",
    "a\nb\x00c\u202ed",
)


def row(number: int, time: float, kind: str, partner: str, **cells: object) -> WitnessRow:
    blank = dict.fromkeys(
        ("operation", "document", "key", "correlation", "outcome", "document_id", "rule", "words"), ""
    )
    zero = dict.fromkeys(("attempt", "status", "quantity", "amount"), 0)
    given = {**blank, **zero, "latency": 0.0, **cells}
    return WitnessRow(number=number, time=time, kind=kind, partner=partner, **given)  # type: ignore[arg-type]


def commit(number: int, time: float, name: str, outcome: str = "created") -> WitnessRow:
    return row(number, time, "commit", "erp", document="sales_order", key="MP-1", outcome=outcome, document_id=name)


def call(number: int, time: float, outcome: str, latency: float, attempt: int = 1, rule: str = "") -> WitnessRow:
    cells = {"operation": "create_sales_order", "document": "sales_order", "key": "MP-1", "rule": rule}
    return row(number, time, "call", "erp", outcome=outcome, latency=latency, attempt=attempt, **cells)


def strike(number: int, time: float) -> WitnessRow:
    cells = {"operation": "create_sales_order", "document": "lost_reply", "key": "MP-1", "attempt": 1}
    return row(number, time, "fault", "erp", rule="lost", outcome="mattered", **cells)


LOST_REPLY = (
    commit(1, 0.2, "SO-1"),
    call(2, 2.2, "timed_out", 2.05, rule="lost"),
    strike(3, 2.2),
    commit(4, 2.4, "SO-2"),
    call(5, 2.5, "ok", 0.15, attempt=2),
)


def shapes(told: Swim) -> list[tuple[str, str, str]]:
    return [(step.shape, step.ending, step.tone) for step in told.steps]


def test_a_lost_reply_is_a_broken_arrow_after_its_commit() -> None:
    """Asked, committed, the reply broken and struck, asked again, and the second document in the colour of harm."""
    told = swim(LOST_REPLY, KNOWN)
    assert shapes(told) == [
        ("ask", "whole", "plain"),
        ("commit", "whole", "plain"),
        ("reply", "broken", "bad"),
        ("ask", "whole", "plain"),
        ("commit", "whole", "bad"),
        ("reply", "whole", "plain"),
    ]
    assert [step.struck for step in told.steps] == [False, False, True, False, False, False]
    assert told.steps[2].label == "reply lost after the commit"
    assert told.steps[3].label == "create sales order · attempt 2"


def test_a_reply_that_never_came_is_not_said_to_be_lost_after_a_commit() -> None:
    """Without a commit in the evidence of the call nobody knows how far it got."""
    told = swim((call(1, 2.0, "timed_out", 2.0),), KNOWN)
    assert told.steps[1].label == "no reply in time"


def test_a_refused_call_never_arrives() -> None:
    """One arrow, stopped on its way, and no reply."""
    assert shapes(swim((call(1, 2.0, "refused", 0.1),), KNOWN)) == [("ask", "stopped", "bad")]


def test_a_strike_without_its_call_stands_on_the_lane_of_its_partner() -> None:
    """What has no call in the witness to be drawn on is drawn by itself."""
    (step,) = swim((strike(1, 1.0),), KNOWN).steps
    assert (step.shape, step.lane, step.struck) == ("flash", "erp", True)


def test_a_repeat_that_was_known_makes_nothing() -> None:
    """A replayed document is hollow and in no colour of harm."""
    step = swim((commit(1, 0.0, "SO-1"), commit(2, 1.0, "SO-1", "replayed")), KNOWN).steps[1]
    assert (step.hollow, step.tone) == (True, "plain")


def test_lanes_follow_the_order_through_the_trade() -> None:
    """Channel, integration, ERP, warehouse, carrier; strangers last."""
    rows = [row(number, 0.0, "event", name, operation="order.placed") for number, name in enumerate(["zoo", *KNOWN])]
    told = swim((*rows, call(9, 1.0, "ok", 0.1)), KNOWN)
    assert [name for name, _ in told.lanes] == ["shop", "integration", "erp", "north", "falcon", "zoo"]


def test_roles_are_read_from_the_events(careless: PageRun) -> None:
    """Who ships is a warehouse, who takes orders a channel."""
    known = roles(careless.log)
    assert (known["north"], known["marketplace"], known["erp"]) == (Emitter.WAREHOUSE, Emitter.CHANNEL, Emitter.ERP)


@given(
    st.lists(
        st.sampled_from(["call", "commit", "event", "webhook", "stock", "sale", "fault", "phase", "note"]), max_size=8
    ),
    st.data(),
)
@settings(max_examples=60)
def test_steps_are_in_order_of_time(kinds: list[str], data: st.DataObject) -> None:
    """Whatever a witness is made of, its steps are in order and each stands on a lane that is there."""
    rows = [
        row(
            number,
            data.draw(st.floats(0, 1e5)),
            kind,
            data.draw(st.sampled_from(["erp", "shop", "world", ""])),
            outcome="ok",
            latency=data.draw(st.floats(0, 9)),
        )
        for number, kind in enumerate(kinds)
    ]
    told = swim(rows, KNOWN)
    micro = [round(step.time * 1e6) for step in told.steps]
    assert micro == sorted(micro)
    names = {name for name, _ in told.lanes}
    assert all(step.lane in names or step.shape == "window" for step in told.steps)
    assert all(step.to in names or not step.to for step in told.steps)


@given(st.one_of(st.sampled_from(NASTY), st.text(max_size=40)))
@settings(max_examples=25)
def test_no_string_becomes_markup_in_a_picture(text: str) -> None:
    """Names of lanes and what steps say are text in the picture, whatever letters they are made of."""
    lanes = ((text, ""), ("integration", ""))
    steps = (Step(0.0, "ask", "integration", text, text), Step(99.0, "commit", text, "", text))
    drawn = swimlane("nasty", Swim(lanes, steps), CALENDAR)
    tags = set(re.findall(r"<(/?\w+)", drawn))
    assert {tag.strip("/") for tag in tags} <= {"svg", "g", "path", "text", "defs", "use", "clipPath", "rect", "tspan"}
    assert " on" not in re.sub(r">[^<]*<", "><", drawn).replace(' d="', "")
    short = drawable(text).strip()
    if 0 < len(short) <= 8 and " " not in short:
        assert short in unescape(drawn)


def test_the_clock_of_a_picture_says_the_hour() -> None:
    """As the rows beside it do: minutes and seconds alone read like hours and minutes."""
    drawn = swimlane("lost", swim(LOST_REPLY, KNOWN), CALENDAR)
    assert "06:00:02.2" in drawn
    late = swim((commit(1, 0.2, "SO-1"), commit(2, 7200.0, "SO-2")), KNOWN)
    assert "08:00:00<" in swimlane("late", late, CALENDAR)


def test_a_picture_is_told_row_by_row(careless: PageRun) -> None:
    """Its label holds the words of every row of the witness, in their order."""
    finding = next(each for each in careless.verdict.findings if len(each.witness) > 3)
    (picture,) = pictures(careless, [("f", [finding.witness])])["f"]
    assert picture is not None
    label = unescape(picture.label)
    places = [label.index(f"{number}. ") for number in range(1, len(finding.witness) + 1)]
    assert places == sorted(places)
    assert all(each.words in label for each in finding.witness)


def test_a_run_has_no_more_pictures_than_one_looks_at(careless: PageRun) -> None:
    """First cases come before second ones, and after so many nothing is drawn."""
    witness = next(each.witness for each in careless.verdict.findings if len(each.witness) > 1)
    drawn = pictures(careless, [(f"f{number}", [witness, witness]) for number in range(PICTURES - 1)])
    assert all(first is not None for first, _ in drawn.values())
    assert sum(second is not None for _, second in drawn.values()) == 1


@pytest.mark.parametrize("letter", ["\n", "\x00", "\u202e", "\u2028"])
def test_what_is_no_letter_is_not_drawn(letter: str) -> None:
    """Line breaks and marks of direction would tear a picture apart."""
    assert drawable(f"a{letter}b") == "a·b"
