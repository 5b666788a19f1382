"""Laws of the storm: what is written under `faults` becomes a rule as it stands, or an error that names its line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seatrial.mocks.faults.lost_reply import LostReply
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.quantities import Seconds, Share

HEAD = """\
name: probe
asks: What is read?
start: 2026-03-02 00:00:00
duration: 1 d
calm: 1 d
demand: {kind: synthetic}
faults:
"""
FIRST = HEAD.count("\n") + 1  # the line of the first fault


def rules(*faults: str) -> Sequence[Rule]:
    """The rules of a scenario with these faults, one a line."""
    loaded = parse_scenario(HEAD + "".join(f"  - {{{fault}}}\n" for fault in faults), "probe.yaml")
    return embark(loaded, 1, "resilient", lambda env: Evidence(lambda: env.now)).rules


def complaint(*faults: str) -> str:
    with pytest.raises(BadInput) as caught:
        rules(*faults)
    return str(caught.value)


def test_a_rule_says_what_it_was_told() -> None:
    """Every word of a fault arrives where it belongs, with its unit."""
    (rule,) = rules(
        "fault: lost_reply, name: late, at: erp.create_sales_order, with: {how: reset}, key: 'MP-*', "
        "headers: {x: 'y*'}, from: 2 h, until: 3 h, probability: 5 %, first: 2, every: 3, times: 4"
    )
    assert rule == Rule(
        name="late",
        fault=LostReply("reset"),
        at="erp.create_sales_order",
        direction="request",
        key="MP-*",
        headers={"x": "y*"},
        start=Seconds(7200),
        stop=Seconds(10_800),
        probability=Share(0.05),
        first=2,
        every=3,
        until=4,
    )


def test_a_rule_that_says_little_lasts_to_the_end_of_the_demand() -> None:
    """Everywhere in its direction, every time, from the beginning, until the chaos is over."""
    (rule,) = rules("fault: outage")
    assert (rule.at, rule.start, rule.stop, rule.probability, rule.every) == ("*", 0.0, 86_400.0, 1.0, 1)


def test_a_rule_ends_with_the_demand() -> None:
    """A window that reaches into the calm is cut: there are no faults."""
    (rule,) = rules("fault: outage, from: 20 h, until: 2 d")
    assert (rule.start, rule.stop) == (72_000.0, 86_400.0)


def test_rules_without_a_name_are_called_after_fault_and_place() -> None:
    """Two of a kind are numbered, and the order is that of the file."""
    names = [rule.name for rule in rules("fault: outage, at: erp", "fault: refuse", "fault: outage, at: erp")]
    assert names == ["outage@erp", "refuse@*", "outage@erp#2"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("fault: lost_repply", "unknown fault: 'lost_repply' · did you mean 'lost_reply'?"),
        ("fault: outage, at: erpp", "unknown partner: 'erpp' · did you mean 'erp'?"),
        ("fault: lost_reply, at: erp.creat_sales_order", "'creat_sales_order' · did you mean 'create_sales_order'?"),
        ("fault: lost_reply, with: {hwo: reset}", "lost_reply has no such parameter: 'hwo' · did you mean 'how'?"),
        ("fault: lost_reply, with: {how: rest}", "'rest'"),
        ("fault: outage, prob: 5 %", "unknown setting: 'prob'"),
        ("fault: outage, probability: 5", "5"),
        ("fault: outage, from: 2 h, until: 1 h", "the fault's window ends before it begins: 'from 2 h until 1 h'"),
        ("fault: outage, from: 2 d", "the fault's window lies outside the run"),
        ("fault: outage, first: -1", "`first` counts from 0 up: -1"),
        ("fault: outage, every: 0", "`every` counts from 1 up: 0"),
        ("fault: outage, first: 1, nth: 2", "`first` and `nth` together"),
        ("fault: stale_read, direction: webhook", "stale_read cannot strike in this direction: 'webhook'"),
        ("fault: short_shipment, at: falcon", "'falcon'"),
    ],
)
def test_a_fault_that_cannot_be_meant_is_an_error_with_its_line(fault: str, says: str) -> None:
    """File, line, value and the nearest known name, before anything runs."""
    text = complaint("fault: refuse", fault)
    assert f"probe.yaml:{FIRST + 1}: " in text
    assert says in text


def test_two_rules_cannot_have_one_name() -> None:
    """Coverage and findings are told by name."""
    assert f"probe.yaml:{FIRST + 1}: two rules have one name: 'same'" in complaint(
        "fault: refuse, name: same", "fault: outage, name: same"
    )


def test_a_made_name_gives_way_to_a_given_one() -> None:
    """A rule without a name is numbered where another has its name; to give a name that is taken is refused."""
    names = [rule.name for rule in rules("fault: refuse, name: outage@erp", "fault: outage, at: erp")]
    assert names == ["outage@erp", "outage@erp#2"]
    assert "two rules have one name: 'outage@erp'" in complaint(
        "fault: outage, at: erp", "fault: refuse, name: outage@erp"
    )
