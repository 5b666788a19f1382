"""Little's law in every run of the library: L = lambda W, each side read from the evidence in a way of its own."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.reports.curves import queue
from seatrial.reports.journeys import order_journeys
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.scenarios.loader import library
from seatrial.voyage import run

LEAVE = ("shipment.dispatched", "order.cancelled", "cancellation.accepted", "order.rejected")
SHORT: Mapping[str, str] = {"calm": "3 d", "demand.arrivals.rate": "6/h"}
WHOLE = ("peak-week",)
"""A week that is run elsewhere."""
TRACED = ("marketplace-html-error",)
"""Scenarios whose demand is that of a trace: it has no rate."""


LIVELY = ("open-water",)
"""Scenarios of some seconds, at the pace of a demonstration: they are short as they are."""


def mean_number(rows: pl.DataFrame) -> float:
    """L: walk through the events row by row, count who is in the system, and average over the time of the run."""
    inside: set[str] = set()
    known: set[str] = set()
    area = last = 0
    events = rows.filter(pl.col("kind") == "event").select("time", "operation", "correlation")
    for time, event, order in events.iter_rows():
        enters = event == "order.placed" and order not in known
        if enters or (event in LEAVE and order in inside):
            area, last = area + len(inside) * (time - last), time
            known.add(order)
            (inside.add if enters else inside.remove)(order)
    end = int(rows["time"].max())  # type: ignore[arg-type]
    return (area + len(inside) * (end - last)) / end


def rate_and_stay(log: Logbook) -> tuple[float, float]:
    """Lambda, orders per second, and W, the mean of their seconds in the system: from the journeys of the orders.

    Who is still there at the end has stayed until then.
    """
    out = pl.min_horizontal("shipped", "cancelled", "rejected").fill_null(log.end)
    stays = log.derived(order_journeys).select((out - pl.col("placed")).alias("stay"))["stay"]
    return stays.len() * SECOND / log.end, float(stays.sum()) / stays.len() / SECOND


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [name for name in library() if name not in WHOLE and "/" not in name])
@pytest.mark.parametrize("integration", ["resilient", "naive"])
def test_littles_law_holds_in_every_run(scenario: str, integration: str) -> None:
    """The mean number of orders in the system is their rate times their mean time in it; so is the curve's mean."""
    changes = {} if scenario in LIVELY else {"calm": "3 d"} if scenario in TRACED else SHORT
    log = run(scenario, integration=integration, settings=changes).log
    rate, stay = rate_and_stay(log)
    assert stay > 0
    assert mean_number(log.rows.collect()) == pytest.approx(rate * stay, rel=1e-9)
    waiting = queue(log.derived(order_journeys), "placed", pl.min_horizontal("shipped", "cancelled", "rejected"))
    lasts = waiting["time"].shift(-1).fill_null(log.end) - waiting["time"]
    assert float((waiting["orders"] * lasts).sum()) / log.end == pytest.approx(rate * stay, rel=1e-9)


@pytest.mark.slow
@settings(max_examples=3)
@given(st.integers(0, 10**6))
def test_littles_law_holds_for_every_seed(seed: int) -> None:
    """On a calm day, whatever the dice say."""
    log = run("calm-day", seed=seed, settings={"duration": "4 h", "calm": "2 d"}).log
    rate, stay = rate_and_stay(log)
    assert mean_number(log.rows.collect()) == pytest.approx(rate * stay, rel=1e-9)
