"""When a warehouse works, and when its parcels leave."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import Seconds

HOUR = 3600.0
DAY = 24 * HOUR


def test_nobody_picks_outside_opening_hours(new_yard: Any) -> None:
    """What comes in at night waits for the opening; a queue that closing time meets goes on the next morning."""
    yard = new_yard(opens="06:00", closes="08:00", pickers=1, pick_release=Seconds(HOUR), pack=Seconds(0))
    for number in range(1, 5):
        yard.release(f"O-{number}/R1", A=1)
    yard.env.run(6 * HOUR - 1)
    assert yard.state("O-1/R1").stage == "allocated"
    yard.env.run(9 * HOUR)
    assert [yard.state(f"O-{n}/R1").stage for n in range(1, 5)] == ["packed", "packed", "allocated", "allocated"]
    yard.env.run(DAY + 7.5 * HOUR)
    assert [yard.state(f"O-{n}/R1").stage for n in (3, 4)] == ["packed", "picking"]


def test_after_the_cut_off_a_release_waits_for_tomorrow(new_yard: Any) -> None:
    """A release that comes in after the cut-off is not begun today, though there are hours left."""
    yard = new_yard(opens="06:00", closes="20:00", cut_off="12:00")
    yard.env.run(11 * HOUR)
    yard.release("O-1/R1", A=1)
    yard.env.run(12 * HOUR)
    yard.release("O-2/R1", A=1)
    yard.env.run(19 * HOUR)
    assert [yard.state(number).stage for number in ("O-1/R1", "O-2/R1")] == ["packed", "allocated"]
    yard.env.run(DAY + 7 * HOUR)
    assert yard.state("O-2/R1").stage == "packed"


def test_parcels_leave_at_collection_times_only(new_yard: Any) -> None:
    """Labelled parcels wait at the dock for the next time of day at which their carrier collects."""
    yard = new_yard(collect_every=Seconds(0), collections=("10:00", "16:00"))
    for number, until in (("O-1/R1", 9.0), ("O-2/R1", 11.0)):
        yard.env.run(until * HOUR - 1200)
        yard.release(number, A=1)
        yard.env.run(until * HOUR)
        yard.label(number, tracking=number)
    yard.env.run(DAY)
    assert [int(at // HOUR) for at, _ in yard.trucks] == [10, 16]


def test_trucks_queue_for_a_door(new_yard: Any) -> None:
    """With one door, the second carrier loads when the first has left."""
    yard = new_yard(doors=1, load=Seconds(60))
    for number, carrier in (("O-1/R1", "falcon"), ("O-2/R1", "falcon"), ("O-3/R1", "heron")):
        yard.release(number, A=1)
        yard.env.run(yard.env.now + 300)
        yard.label(number, carrier, number)
    yard.env.run(2 * HOUR)
    assert [at - HOUR for at, _ in yard.trucks] == [60, 120, 180]


@pytest.mark.parametrize(
    "settings",
    [
        {"opens": "six"},
        {"opens": "06:00", "closes": "20:00", "cut_off": "21:00"},
        {"collect_every": Seconds(0), "collections": ()},
        {"collect_every": Seconds(0), "collections": ("noon",)},
    ],
)
def test_hours_that_make_no_sense_are_bad_input(settings: dict[str, object], new_yard: Any) -> None:
    """Times that are none, a cut-off outside the hours and a dock without collections are the user's to mend."""
    with pytest.raises(BadInput):
        new_yard(**settings)
