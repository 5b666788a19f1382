"""Laws of storms by chance: what is drawn is right, fair, and can be written down."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario, parse_scenario
from seatrial.scenarios.storm import rules_of
from seatrial.sim import catalogue
from seatrial.sim.call import Call
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Drop
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.quantities import Seconds
from seatrial.storm_targets import Chart
from seatrial.storms import Storm, calm_water, read_storm
from seatrial.strategies import faults, rules, storms, targets

BASE = load_scenario("open-water")
CHART = Chart.of(BASE)
PARTNERS = embark(BASE, 1, "resilient", lambda env: Evidence(lambda: env.now)).world.partners
some = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def armed(storm: Storm) -> tuple[Rule, ...]:
    return rules_of(storm.loaded, PARTNERS)


@some
@given(storms("open-water", orders=5))
def test_every_rule_drawn_is_one_that_a_run_takes(storm: Storm) -> None:
    """Direction, target, window and parameters fit, whatever is drawn."""
    assert len(armed(storm)) == len(storm.rules)
    assert all(rule.start < rule.stop <= storm.duration for rule in armed(storm))


@some
@given(storms("open-water", orders=5))
def test_a_storm_written_down_is_the_same_storm(storm: Storm) -> None:
    """Its YAML, read again, has the same orders, rules and times, to the last digit."""
    again = read_storm(storm.text, "storm.yaml", storm.seed)
    assert (again.demand, again.rules, again.duration, again.calm) == (
        storm.demand, storm.rules, storm.duration, storm.calm,
    )  # fmt: skip
    assert again.base.world == storm.base.world
    assert parse_scenario(storm.text).scenario.controls == storm.base.scenario.controls


@some
@given(rules("open-water"))
def test_every_rule_drawn_is_fair(rule: object) -> None:
    """Nothing is drawn that no integration could come through."""
    assert isinstance(rule, msgspec.Struct)
    assert CHART.is_fair(rule)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", Catalogue("faults").names())
def test_every_kind_of_fault_can_be_drawn(kind: str) -> None:
    """Its parameters are made from its fields, so that one that is added as a file is drawn like all others."""

    @some
    @given(faults(kind))
    def drawn(fault: Fault) -> None:
        assert type(fault) is Catalogue("faults").get(kind)

    drawn()


@some
@given(st.data())
def test_every_target_of_a_kind_is_a_place_that_it_may_strike(data: st.DataObject) -> None:
    """And every place of the world is a target of some kind."""
    kind = data.draw(st.sampled_from(CHART.kinds))
    assert data.draw(targets("open-water", kind)) in {place.at for place in CHART.places(kind)}


def test_what_only_the_wire_has_is_not_drawn() -> None:
    """Faults of databases and brokers strike nothing in virtual time."""
    assert not {"cut", "bandwidth"} & set(CHART.kinds)
    assert {"lost_reply", "webhook_drop", "integration_crash", "short_shipment"} <= set(CHART.kinds)


def test_a_fault_of_ones_own_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is added to the catalogue is drawn without a further word, with values for each of its fields."""

    class FogBank(Fault, frozen=True, forbid_unknown_fields=True):
        """Calls vanish in the fog."""

        lasts: Seconds = Seconds(2)
        """Seconds of fog."""
        marker: ClassVar[str] = "fog"

        def decide(self, call: Call, now: float, dice: Draw) -> Drop | None:
            """Gone in the fog."""
            return Drop() if now < self.lasts else None

    monkeypatch.setattr(catalogue, "_ADDED", {})
    Catalogue("faults").add(FogBank)
    seen = set()

    @some
    @given(storms("open-water", orders=2, kinds=["fog_bank"], max_rules=1))
    def drawn(storm: Storm) -> None:
        seen.update(str(rule.params.get("lasts")) for rule in storm.rules)

    drawn()
    assert len(seen) > 3


def test_a_storm_has_no_more_orders_than_were_asked_for() -> None:
    """The run is as short as its orders allow: it lasts twice as long as they take to come, and the calm after it."""
    calm = calm_water(BASE, 4)
    last = calm.demand.orders[-1].at
    assert len(calm.demand.orders) == 4
    assert calm.duration == pytest.approx(2 * last + 1)
    assert calm.calm == BASE.scenario.calm
