"""Time between the steps of the trade, on histories with round numbers."""

from __future__ import annotations

import polars as pl
import pytest

from seatrial.reports.measure import Measure
from seatrial.reports.percentiles import spread
from seatrial.reports.reading import Reading

MINUTE = 60.0


def _reading(
    name: str, value: float | None, samples: int = 0, *, detail: str = "", keys: tuple[str, ...] = ()
) -> Reading:
    return Reading(name=name, value=value, unit="s", samples=samples, detail=detail, keys=keys)


def _spread(seconds: list[int]) -> dict[str, Reading]:
    return {each.name: each for each in spread("x", pl.Series([s * 1_000_000 for s in seconds]), _reading)}


def test_percentiles_are_nearest_ranks() -> None:
    """Of 1 s to 100 s the median is 50 s, p95 95 s, p99 99 s and the longest 100 s, in any order."""
    found = _spread([*range(51, 101), *range(1, 51)])
    assert [found[f"x.{name}"].value for name in ("p50", "p95", "p99", "max")] == [50.0, 95.0, 99.0, 100.0]


@pytest.mark.parametrize(("samples", "known"), [(19, False), (20, True)])
def test_p95_needs_twenty_samples(samples: int, known: bool) -> None:
    """With fewer than 20 samples there is no p95, and the reading says how many there were."""
    found = _spread(list(range(samples)))["x.p95"]
    assert (found.value is not None) is known
    assert known or "19 of at least 20" in found.detail


@pytest.mark.parametrize(("samples", "known"), [(99, False), (100, True)])
def test_p99_needs_a_hundred_samples(samples: int, known: bool) -> None:
    """With fewer than 100 samples there is no p99."""
    assert (_spread(list(range(samples)))["x.p99"].value is not None) is known


def test_a_step_lasts_from_its_first_event_to_the_next_ones_first(history, read) -> None:
    """An order acknowledged after two minutes, and again later, took two minutes."""
    history.placed("MP-1").at(2 * MINUTE).happened("order.acknowledged", "marketplace", "MP-1")
    history.at(9 * MINUTE).happened("order.acknowledged", "marketplace", "MP-1")
    found = read("latency", history)["latency.placed_to_acknowledged.max"]
    assert (found.value, found.samples) == (120.0, 1)


def test_what_never_got_there_is_no_sample_and_is_told(history, read) -> None:
    """An order without the later step lengthens nothing; the reading says that it is missing."""
    history.placed("MP-1").placed("MP-2").at(60).happened("order.entered", "erp", "MP-1")
    found = read("latency", history)["latency.placed_to_entered.p50"]
    assert (found.value, found.detail) == (60.0, "1 of 2 orders never got there")


def test_each_parcel_is_a_sample(history, read) -> None:
    """Two parcels of one order are confirmed after one and after three minutes."""
    history.placed("MP-1", units=2).shipped("MP-1", "P-1").shipped("MP-1", "P-2")
    history.at(MINUTE).happened("shipment.confirmed", "marketplace", "P-1", "MP-1")
    history.at(3 * MINUTE).happened("shipment.confirmed", "marketplace", "P-2", "MP-1")
    found = read("latency", history)
    assert found["latency.shipped_to_confirmed.p50"].value == 60.0
    assert found["latency.shipped_to_confirmed.max"].value == 180.0


def test_the_longest_are_named(history, read) -> None:
    """A reading of latency names the orders that took longest, so that a broken limit leads to their stories."""
    for number, seconds in ((1, 10), (2, 90), (3, 20)):
        history.at(0).placed(f"MP-{number}").at(seconds).happened("order.entered", "erp", f"MP-{number}")
    found = read("latency", history.frame())["latency.placed_to_entered.max"]
    assert found.keys == ("MP-2", "MP-3", "MP-1")


def test_each_channel_has_its_own_latency(history, read) -> None:
    """A channel that hands over once a day does not hide one that is polled by the minute."""
    history.placed("MP-1").happened("order.placed", "b2b", "B2B-1")
    history.at(60).happened("order.acknowledged", "marketplace", "MP-1")
    history.at(7200).happened("order.acknowledged", "b2b", "B2B-1")
    found = read("latency", history)
    assert found["latency.placed_to_acknowledged.marketplace.max"].value == 60.0
    assert found["latency.placed_to_acknowledged.b2b.max"].value == 7200.0
    assert found["latency.placed_to_acknowledged.max"].value == 7200.0


def test_calls_are_spread_by_partner_and_operation(history, read) -> None:
    """Every operation of every partner has its own latency, failed calls included."""
    history.asked("invoice", "P-1", "MP-1").asked("invoice", "P-2", "MP-2", "timed_out")
    found = read("latency", history)["latency.call.erp.create_invoice.max"]
    assert (found.value, found.samples) == (1.0, 2)


def test_every_latency_is_in_seconds_and_better_when_lower(history, read) -> None:
    """No reading of the family has another unit or direction."""
    assert {(each.unit, each.better) for each in read("latency", history).values()} == {("s", "lower")}


def test_a_measure_cannot_read_what_it_does_not_define() -> None:
    """A reading under an undefined name is a fault of the harness, not a new measure."""
    from seatrial.reports.measures.latency import Latency
    from seatrial.sim.errors import HarnessError

    assert issubclass(Latency, Measure)
    with pytest.raises(HarnessError, match=r"defines no reading 'latency\.sideways'"):
        Latency.reading("latency.sideways", 1.0)
