"""Laws of the library: every scenario asks one thing, can be run, and says what is good enough."""

from __future__ import annotations

import pytest

from seatrial.reports.judge import limits_of
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import library, load_scenario, parse_scenario, worlds
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import UnknownName
from seatrial.sim.evidence import Evidence

PROMISED = {
    "calm-day",
    "peak-week",
    "carrier-outage",
    "lost-erp-replies",
    "duplicate-webhooks",
    "out-of-order-webhooks",
    "marketplace-html-error",
    "erp-night-window",
    "3pl-short-ship",
    "rate-limit-storm",
    "integration-crash",
    "oversell-race",
}
SHORT = tuple(name for name in library() if name.startswith("fidelity/"))  # to be run in real time, unscaled
by_name = pytest.mark.parametrize("name", library())


def test_the_library_holds_what_was_promised() -> None:
    """Everything that the documentation names is there."""
    assert set(library()) >= PROMISED
    assert worlds() == ("quick", "standard")


@by_name
def test_a_scenario_asks_one_question(name: str) -> None:
    """Its name is its file's, and what it asks is one sentence that ends with a question mark."""
    scenario = load_scenario(name).scenario
    assert scenario.name == name
    assert scenario.asks.endswith("?")
    assert scenario.asks.count("?") == 1
    assert len(scenario.asks) <= 140


@by_name
@pytest.mark.parametrize("integration", Catalogue("integrations").names())
def test_a_scenario_can_be_run_against_every_integration(name: str, integration: str) -> None:
    """World, demand and faults are built without complaint."""
    embark(load_scenario(name), 1, integration, lambda env: Evidence(lambda: env.now))


@by_name
def test_a_scenario_expects_what_can_be_measured(name: str) -> None:
    """Every limit is on a reading that some measure gives."""
    assert limits_of(load_scenario(name).scenario.expect)


@by_name
def test_a_scenario_leaves_time_to_converge(name: str) -> None:
    """After the faults comes a calm that is as long as a parcel and its return are on their way."""
    loaded = load_scenario(name)
    assert loaded.scenario.calm >= {"standard": 5 * 86_400, "quick": 20}[loaded.world.name]


def test_only_few_scenarios_are_calm() -> None:
    """Of each set one, and the short one that searches begin with: what others ask is asked of rough water."""
    calm = [name for name in library() if not load_scenario(name).scenario.faults]
    assert calm == ["calm-day", "fidelity/calm", "open-water"]


def test_what_runs_in_real_time_is_short() -> None:
    """A run for fidelity takes no longer than a minute."""
    lengths = [load_scenario(name).scenario for name in SHORT]
    assert lengths
    assert all(each.duration + each.calm <= 60 for each in lengths)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """And with all that there are."""
    with pytest.raises(UnknownName, match="did you mean 'peak-week'") as caught:
        load_scenario("peak-weak")
    assert set(caught.value.known) == set(library())


@by_name
def test_the_text_that_is_kept_is_the_scenario(name: str) -> None:
    """A run folder's copy loads as the same scenario, with the same digest."""
    first = load_scenario(name)
    again = parse_scenario(first.text)
    assert (again.scenario, again.world, again.digest) == (first.scenario, first.world, first.digest)
    assert load_scenario(name, {"duration": "2 d 1 h"}).digest != first.digest
