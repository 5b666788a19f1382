"""What each reading means, as its measure defines it."""

from __future__ import annotations

from functools import cache

from seatrial.reports.detection import definition_of
from seatrial.reports.judge import definitions
from seatrial.reports.reading import Definition


def meaning_of(name: str) -> str:
    """One line on a reading or a pattern of readings; empty for one that no installed measure defines."""
    found = definition_of(name, known_definitions())
    return found.meaning if found else ""


@cache
def known_definitions() -> tuple[Definition, ...]:
    """Every reading that any installed measure can give."""
    return definitions()
