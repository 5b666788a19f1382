"""No storm of a search lasts longer than the calm after it bears: what comes of it would be nobody's fault."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from seatrial.scenarios.complaints import read_written
from seatrial.scenarios.loader import Loaded, load_scenario
from seatrial.scenarios.schema import RuleSpec
from seatrial.search_engine import each_kind
from seatrial.search_lesser import simpler
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.quantities import Seconds
from seatrial.storms import Storm, calm_water
from seatrial.strategies import chart_of

BASE = load_scenario("open-water", {"calm": "30 s"})
BEARABLE = 5.0
"""A sixth of the calm."""


def longest(rule: RuleSpec) -> float:
    """The longest delay of a rule's fault, in seconds, written or not."""
    kind = Catalogue("faults").get(rule.fault)
    fault = msgspec.convert(dict(rule.params), kind, dec_hook=read_written)
    delays = [getattr(fault, each.name) for each in msgspec.structs.fields(kind) if each.type is Seconds]
    return max(map(float, delays), default=0.0)


def alone(base: Loaded = BASE) -> Iterator[Storm]:
    """Every kind of fault alone."""
    chart = chart_of(base)
    return (storm for storm in each_kind(calm_water(base, 4), chart, chart.kinds) if storm.rules)


def test_a_fault_that_is_tried_alone_is_over_in_time() -> None:
    """A default that is longer than that is not taken: half a minute of standing still in half a minute of calm."""
    told = {storm.rules[0].fault: longest(storm.rules[0]) for storm in alone()}
    assert max(told.values()) <= BEARABLE
    assert told["integration_freeze"] > 0


def test_a_smaller_storm_is_over_in_time_too() -> None:
    """What is left out of a rule does not make a delay longer."""
    smaller = [lesser for storm in alone() for lesser in simpler(storm)]
    assert all(longest(lesser.rules[0]) <= BEARABLE for lesser in smaller)


@pytest.mark.parametrize("calm", ["30 s", "5 min"])
def test_a_default_that_the_calm_bears_is_not_written(calm: str) -> None:
    """Half a minute of standing still is little in five minutes of calm."""
    base = load_scenario("open-water", {"calm": calm})
    freeze = next(rule for storm in alone(base) for rule in storm.rules if rule.fault == "integration_freeze")
    assert bool(freeze.params) is (calm == "30 s")
