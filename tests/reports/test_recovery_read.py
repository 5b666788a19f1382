"""Recovery: from the end of a fault to the moment after which all is as before it."""

from __future__ import annotations

import pytest

from seatrial.reports.bands import OPEN, first_quiet
from seatrial.reports.facts import RuleFacts

HOUR = 3600.0


def _steady(history, hours: int, begin: int = 0) -> None:
    """An order every ten minutes, released after one."""
    for number in range(begin * 6, (begin + hours) * 6):
        at = number * 600.0
        history.at(at).placed(f"MP-{number}").at(at + 60).happened(
            "fulfilment.accepted", "north", f"MP-{number}/R1", f"MP-{number}"
        )


def _outage(history, name: str, begin: float, end: float, released: float) -> None:
    """Twelve orders pile up from `begin` and are released at `released`."""
    history.at(begin).rows.phase("window", "begin", name)
    history.rows.fault("north", "release_order", "Outage", "X", "X", 1, "mattered", name)
    for number in range(12):
        history.happened("order.placed", "marketplace", f"{name}-{number}")
    history.at(end).rows.phase("window", "end", name)
    if released:
        history.at(released)
        for number in range(12):
            history.happened("fulfilment.accepted", "north", f"{name}-{number}/R1", f"{name}-{number}")


def test_recovery_ends_when_the_backlog_is_back_in_its_band(history, read) -> None:
    """A pile that is cleared half an hour after the outage took 30 minutes."""
    _steady(history, 3)
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 4.5 * HOUR)
    history.at(6 * HOUR).placed("MP-last")
    found = read("recovery", history)
    assert found["recovery.outage"].value == pytest.approx(30.0)
    assert found["recovery.max"].value == pytest.approx(30.0)


@pytest.mark.parametrize(("died", "minutes"), [(3.5, float("inf")), (5.0, 30.0)])
def test_a_dead_integration_does_not_recover(history, read, died: float, minutes: float) -> None:
    """However little piles up: what ended before all was as before is not coming back; what ended later had been."""
    _steady(history, 3)
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 4.5 * HOUR)
    history.at(died * HOUR).rows.note("crash", detail="KeyError()")
    history.at(6 * HOUR).placed("MP-last")
    found = read("recovery", history.frame().sort("time", maintain_order=True), died="KeyError()")
    assert found["recovery.outage"].value == found["recovery.max"].value == pytest.approx(minutes)


def test_the_mean_time_to_recovery_is_that_of_all_faults(history, read) -> None:
    """One fault took 30 minutes, another nobody suffered from: 15 in the mean. One that never ends makes it never."""
    _steady(history, 3)
    history.at(2 * HOUR).rows.fault("north", "release_order", "Latency", "X", "X", 1, "mattered", "harmless")
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 4.5 * HOUR)
    history.at(6 * HOUR).placed("MP-last")
    found = read("recovery", history.frame().sort("time", maintain_order=True))
    assert (found["recovery.mean"].value, found["recovery.mean"].samples) == (pytest.approx(15.0), 2)


def test_one_fault_without_recovery_makes_the_mean_never(history, read) -> None:
    """Of two faults one never ends: no mean of numbers would be true."""
    _steady(history, 3)
    history.at(2 * HOUR).rows.fault("north", "release_order", "Latency", "X", "X", 1, "mattered", "harmless")
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 0)
    history.at(6 * HOUR).placed("MP-last")
    found = read("recovery", history.frame().sort("time", maintain_order=True))
    assert (found["recovery.harmless"].value, found["recovery.mean"].value) == (0.0, float("inf"))


def test_what_is_back_before_the_fault_ends_took_no_time(history, read) -> None:
    """A pile that was cleared within the window recovered at once."""
    _steady(history, 3)
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 0)
    history.at(3.01 * HOUR)
    for number in range(12):
        history.happened("fulfilment.accepted", "north", f"outage-{number}/R1", f"outage-{number}")
    history.at(6 * HOUR).placed("MP-last")
    assert read("recovery", history.frame().sort("time", maintain_order=True))["recovery.outage"].value == 0.0


def test_a_channel_that_hands_over_in_batches_does_not_hide_a_recovery(history, read) -> None:
    """Orders that wait for the hour of their batch are no backlog that a fault made."""
    _steady(history, 3)
    for number in range(40):
        history.happened("order.placed", "b2b", f"B2B-{number}")
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 4.5 * HOUR)
    history.at(9 * HOUR)
    for number in range(40):
        history.happened("fulfilment.accepted", "north", f"B2B-{number}/R1", f"B2B-{number}")
    assert read("recovery", history)["recovery.outage"].value == pytest.approx(30.0)


def test_a_rush_of_less_than_ten_minutes_is_no_break(history, read) -> None:
    """A flash sale after the fault that is worked off in five minutes is not the fault's doing."""
    _steady(history, 3)
    _outage(history, "outage", 3 * HOUR, 3.1 * HOUR, 3.1 * HOUR)
    for number in range(30):
        history.at(4 * HOUR).happened("order.placed", "marketplace", f"rush-{number}")
        history.at(4 * HOUR + 300).happened("fulfilment.accepted", "north", f"rush-{number}/R1", f"rush-{number}")
    history.at(6 * HOUR).placed("MP-last")
    rows = history.frame().sort("time", maintain_order=True)
    assert read("recovery", rows)["recovery.outage"].value == 0.0


def test_parcels_that_wait_for_a_label_are_a_queue_too(history, read) -> None:
    """A carrier outage shows where parcels pile up: 20 packed during it are labelled an hour after its end."""
    _steady(history, 3)
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 3.9 * HOUR)
    for number in range(20):
        history.at(3.5 * HOUR).happened("fulfilment.packed", "north", f"MP-{number}/R1", f"MP-{number}")
    for number in range(20):
        history.at(5 * HOUR).happened("label.purchased", "falcon", f"P-{number}", f"MP-{number}")
    for number in range(200, 240):
        history.at(5 * HOUR).happened("fulfilment.packed", "north", f"MP-{number}/R1", f"MP-{number}")
        history.happened("label.purchased", "falcon", f"P-{number}", f"MP-{number}")
        history.happened("order.placed", "marketplace", f"MP-{number}")
        history.happened("fulfilment.accepted", "north", f"MP-{number}/R1", f"MP-{number}")
    history.at(6 * HOUR).placed("MP-last")
    rows = history.frame().sort("time", maintain_order=True)
    assert read("recovery", rows)["recovery.outage"].value == pytest.approx(60.0)


def test_never_is_a_value(history, read) -> None:
    """A pile that nobody clears never recovers."""
    _steady(history, 3)
    _outage(history, "outage", 3 * HOUR, 4 * HOUR, 0)
    history.at(6 * HOUR).placed("MP-last")
    assert read("recovery", history)["recovery.max"].value == float("inf")


def test_a_duplicate_that_stays_is_no_recovery(history, read) -> None:
    """A fault that left a document twice is not over while it lives twice."""
    _steady(history, 3)
    history.at(3 * HOUR).rows.phase("window", "begin", "lost")
    history.rows.fault("erp", "create_sales_order", "LostReply", "MP-1", "MP-1", 1, "mattered", "lost")
    history.made("sales_order", "MP-1", "MP-1", "SO-1").made("sales_order", "MP-1", "MP-1", "SO-2")
    history.at(4 * HOUR).rows.phase("window", "end", "lost")
    history.at(5 * HOUR).placed("MP-last")
    assert read("recovery", history)["recovery.lost"].value == float("inf")
    history.at(6 * HOUR).undone("sales_order", "MP-1", "MP-1", "SO-2").at(7 * HOUR).placed("MP-end")
    assert read("recovery", history)["recovery.lost"].value == pytest.approx(120.0)


def test_a_rule_that_never_fired_has_no_recovery(history, read) -> None:
    """There is nothing to recover from, and nothing to say."""
    _steady(history, 1)
    rules = (RuleFacts(name="quiet", begin=0.0, end=600.0),)
    found = read("recovery", history, rules=rules)
    assert (found["recovery.quiet"].value, found["recovery.quiet"].detail) == (None, "the rule never fired")
    assert found["recovery.max"].value == 0.0


@pytest.mark.parametrize(
    ("breaks", "horizons", "quiet"),
    [
        ([], [100], 10),
        ([(5, 30)], [100], 30),
        ([(5, 30), (40, 50)], [35, 100], 30),
        ([(5, 38), (40, 50)], [35, 60, 100], 50),
        ([(5, OPEN)], [100], None),
        ([(5, 30), (200, OPEN)], [100, 300], 30),
    ],
)
def test_the_first_quiet_moment(breaks, horizons, quiet) -> None:
    """What a later fault breaks is not the earlier one's, unless that had not recovered by then."""
    assert first_quiet(breaks, 10, horizons) == quiet
