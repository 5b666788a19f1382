"""Grace: a run that ended before anything was old enough to be judged says nothing of what is missing."""

from __future__ import annotations

import msgspec

from seatrial.reports.facts import Facts
from seatrial.reports.reading import Reading
from seatrial.sim.units import short_duration


def unless_too_young(reading: Reading, judged: int, waiting: int, facts: Facts) -> Reading:
    """A reading of what is missing; unknown where nothing was `judged` and something is missing that still had time.

    `waiting` counts what falls due within the grace before the end of the run and is not met. What is met needs no
    judge, and what is found missing all the same, such as a promise that nobody kept, is found.
    """
    if judged or reading.value or not waiting:
        return reading
    detail = (
        f"nothing was old enough to be judged: all {waiting} still missing fell due within the grace of "
        f"{short_duration(facts.grace)} before the end; set a shorter 'grace' or a longer 'calm'"
    )
    return msgspec.structs.replace(reading, value=None, detail=detail, keys=())
