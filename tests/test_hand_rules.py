"""What the judge learns of rules that were armed by hand."""

from __future__ import annotations

from seatrial.control import hand_rules
from seatrial.mocks.control.switchboard import ByHand
from seatrial.mocks.faults.outage import Outage
from seatrial.reports.facts import RuleFacts
from seatrial.sim.fault import Rule


def test_a_rule_armed_twice_under_one_name_is_one_rule() -> None:
    """From the first time on until the last was over, aimed as the last time; others stand beside it."""
    armed = [
        ByHand(Rule("hand", Outage(), at="erp"), "outage", 10.0, 20.0),
        ByHand(Rule("other", Outage()), "outage", 12.0),
        ByHand(Rule("hand", Outage(), at="north"), "outage", 30.0, 35.0),
    ]
    assert hand_rules(armed, {"hand": 3}) == (
        RuleFacts(name="hand", fault="outage", at="north", begin=10.0, end=35.0, matched=3),
        RuleFacts(name="other", fault="outage", begin=12.0),
    )
