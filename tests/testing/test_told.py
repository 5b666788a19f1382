"""What a failing test says of its seed: the witness is one of harm, where there is any."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.reports.chains import LONGEST
from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import judge
from seatrial.reports.verdict import Verdict
from seatrial.sim.evidence import Evidence
from seatrial.testing.sailing import SeedRun
from seatrial.testing.words import Failed, trial_lines


def verdict(died: str, *, noted: bool) -> Verdict:
    """Of a run with a rule that never fired, and an integration that may have ended by itself."""
    log = Evidence(lambda: 1.0)
    log.event("order.placed", "marketplace", "MP-1", "MP-1")
    log.event("order.promised", "marketplace", "MP-1", "MP-1")
    log.phase("window", "begin", "quiet")
    if noted:
        log.note("crash", detail=died)
    log.phase("window", "end", "quiet")
    return judge(log.frame(), Facts(died=died, rules=(RuleFacts(name="quiet", begin=1.0, end=1.0),)))


@pytest.mark.parametrize(
    ("died", "noted", "first"),
    [("KeyError()", True, "INTEGRATION_DIED"), ("KeyError()", False, ""), ("", False, "RULE_NEVER_FIRED, quiet")],
)
def test_a_doubt_does_not_stand_in_for_harm(died: str, first: str, *, noted: bool) -> None:
    """A dead program is not explained by the window of a rule that never fired; without any harm that is shown."""
    run = SeedRun(1, verdict(died, noted=noted), "", died, (), Path("run"))
    lines = list(trial_lines(Failed([run], {}, run, [], "pytest")))
    assert [line.split("witness")[1].strip() for line in lines if "  witness " in line] == ([first] if first else [])
    assert sum(line.startswith("    ") and "#" in line for line in lines) <= LONGEST
