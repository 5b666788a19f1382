"""What a run leaves broken behind, in words."""

from __future__ import annotations

import pytest

from seatrial.reports.facts import Facts
from seatrial.reports.page_damage import damage
from seatrial.reports.reading import Reading
from seatrial.reports.verdict import JudgedLimit, Outcome, Verdict


@pytest.mark.parametrize(
    ("total", "said"),
    [("= 0", ("38 lost documents",)), ("any", ("12 lost documents",)), ("<= 40", ("38 lost documents",))],
)
def test_what_the_scenario_waives_is_no_damage(total: str, said: tuple[str, ...]) -> None:
    """A sum that is nobody's duty counts only what breaks a limit of its own."""
    readings = tuple(
        Reading(name=f"lost.{name}", value=value, unit="documents", better="lower")
        for name, value in (("invoice", 26.0), ("sales_order", 12.0), ("total", 38.0))
    )
    limits = (
        JudgedLimit(measure="lost.total", limit=total, value=38.0, unit="documents", judgement="held"),
        JudgedLimit(measure="lost.sales_order", limit="= 0", value=12.0, unit="documents", judgement="broken"),
    )
    verdict = Verdict(outcome=Outcome.VIOLATED, reasons=(), facts=Facts(), limits=limits, readings=readings)
    assert damage(verdict) == said
