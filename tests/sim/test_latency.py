"""Laws of latency: distributions have the figures that were written, and a call keeps its own whatever others do."""

from __future__ import annotations

from statistics import quantiles

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.latency import STEPS, Constant, Empirical, Latency, Lognormal, Uniform, sampler
from seatrial.sim.quantities import Seconds, read_quantity

KINDS: list[Latency] = [
    Constant(Seconds(0.25)),
    Uniform(Seconds(0.1), Seconds(0.5)),
    Lognormal(Seconds(0.06), Seconds(0.4)),
    Empirical(tuple(map(Seconds, (0.3, 0.1, 0.2, 9.0, 0.7)))),
]
by_kind = pytest.mark.parametrize("latency", KINDS, ids=lambda latency: type(latency).__name__)
KEYS = [f"create/MP-{n}/1" for n in range(4000)]


@by_kind
def test_draws_follow_the_distribution(latency: Latency) -> None:
    """The quartiles of many draws are those of the distribution, and its p99 too."""
    draw = sampler(latency, Dice(1), "erp")
    drawn = quantiles([draw(key) for key in KEYS], n=100, method="inclusive")
    for percent in (25, 50, 75):
        assert drawn[percent - 1] == pytest.approx(latency.quantile(percent / 100), rel=0.1)
    assert drawn[98] == pytest.approx(latency.quantile(0.99), rel=0.25)


@by_kind
@given(st.lists(st.sampled_from(KEYS), max_size=20))
def test_a_call_keeps_its_latency_whatever_others_do(latency: Latency, others: list[str]) -> None:
    """A draw depends on seed, link and key alone: not on the draws before it."""
    alone = sampler(latency, Dice(1), "erp")("create/MP-1/2")
    draw = sampler(latency, Dice(1), "erp")
    for other in others:
        draw(other)
    assert draw("create/MP-1/2") == alone


def test_links_and_seeds_draw_apart() -> None:
    """Another link or another seed has other latencies for the same keys."""
    latency = Uniform(Seconds(0), Seconds(1))
    histories = [
        [sampler(latency, Dice(seed), link)(key) for key in KEYS[:20]] for seed in (1, 2) for link in ("erp", "shop")
    ]
    assert len({tuple(history) for history in histories}) == len(histories)


@by_kind
def test_more_probability_is_never_faster(latency: Latency) -> None:
    """Quantiles rise, and none is negative."""
    steps = [latency.quantile((step + 0.5) / STEPS) for step in range(STEPS)]
    assert steps == sorted(steps)
    assert steps[0] >= 0


def test_a_lognormal_is_written_by_its_median_and_its_p99() -> None:
    """The two figures that people read from a dashboard are the two that it takes."""
    latency = Lognormal(Seconds(0.06), Seconds(0.4))
    assert latency.quantile(0.5) == pytest.approx(0.06)
    assert latency.quantile(0.99) == pytest.approx(0.4)


def test_measured_values_are_drawn_and_no_others() -> None:
    """An empirical latency is one of those measured, however they were written down."""
    values = (Seconds(0.3), Seconds(0.1), Seconds(0.2))
    draw = sampler(Empirical(values), Dice(1), "erp")
    assert {draw(key) for key in KEYS} == set(values)


@pytest.mark.parametrize(
    "latency",
    [
        Lognormal(Seconds(0), Seconds(1)),
        Lognormal(Seconds(2), Seconds(1)),
        Lognormal(Seconds(-1), Seconds(1)),
        Empirical(()),
    ],
    ids=repr,
)
def test_figures_without_sense_are_refused(latency: Latency) -> None:
    """A median of nothing, a p99 below it, a list without values: an error that says so."""
    with pytest.raises(BadInput, match="latency"):
        latency.quantile(0.5)


def test_a_latency_is_written_as_people_write_it() -> None:
    """The kind chooses the shape, durations have units, and a misspelt figure is an error."""
    written = {"kind": "lognormal", "p50": "60 ms", "p99": "0.4 s"}
    assert msgspec.convert(written, Latency, dec_hook=read_quantity) == Lognormal(Seconds(0.06), Seconds(0.4))
    with pytest.raises(msgspec.ValidationError, match="p95"):
        msgspec.convert({**written, "p95": "1 s"}, Latency, dec_hook=read_quantity)
