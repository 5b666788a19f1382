"""What each safeguard buys: switch off exactly one, and some water that was passable catches the integration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import pytest

from seatrial.mocks.middleware.controls import Controls
from seatrial.reports.verdict import Outcome, Verdict

Water = Callable[..., Verdict]
AS_IT_IS: Mapping[str, str] = MappingProxyType({})


class Finds(NamedTuple):
    """A finding that only the control prevents."""

    scenario: str
    code: str
    more: Mapping[str, str] = AS_IT_IS


class Costs(NamedTuple):
    """A reading that is worse without the control, by a factor at least."""

    scenario: str
    reading: str
    factor: float
    more: Mapping[str, str] = AS_IT_IS


SILENT_FALCON = {"faults.0.fault": "blackhole"}
NO_LABELS = {"faults.0.at": "falcon.buy_label"}
LATE_WEBHOOKS = {"faults.1.with": "{others: 500, at_most: 6 h}", "controls.quiet_after": "1 h"}
UNHEARD_LOSSES = {
    "demand.cover": "3 d",
    "partners.north.settings.losses": "[{at: 4 h, skus: 70 %, units: 90 %}]",
    "faults.0.fault": "webhook_drop",
    "faults.0.at": "warehouse.inventory.adjusted",
    "faults.0.with": "{}",
    "faults.0.probability": "100 %",
}
DEAF_CHANNELS = {
    "faults.0.fault": "status",
    "faults.0.with": "{}",
    "faults.0.from": "8 h",
    "faults.0.until": "8 h 20 min",
    "faults.0.probability": "100 %",
    "controls.reconcile_every": "12 h",
    "controls.reservation": "false",  # shares would hide a listing that is a little too high
}
BITES: Mapping[str, Finds | Costs] = {
    "idempotency_key": Finds("lost-erp-replies", "DUPLICATE_SALES_ORDER"),
    "retry": Costs("expired-token", "exceptions.integration_support.count", 10),
    "timeout": Costs("lost-erp-replies", "latency.placed_to_released.storefront.max", 5),
    "breaker": Costs("carrier-outage", "failure_rate.falcon", 1.5, SILENT_FALCON),
    "throttle": Costs("erp-night-window", "exceptions.integration_support.count", 2),
    "dead_letter": Finds("out-of-order-webhooks", "UNANSWERED_CANCELLATION"),
    "reconciliation": Finds("webhooks-lost", "LOST_ORDER"),
    "fallback_carrier": Costs("carrier-outage", "exceptions.integration_support.count", 5, NO_LABELS),
    "alternate_sourcing": Costs("oversell-race", "orders.backordered", 3, UNHEARD_LOSSES),
    "inbox": Finds("duplicate-webhooks", "DUPLICATE_FULFILMENT"),
    "outbox": Costs("oversell-race", "staleness.listing.max", 4, DEAF_CHANNELS),
    "ordering_guard": Costs("out-of-order-webhooks", "healed.label", 5, LATE_WEBHOOKS),
    "reservation": Finds("oversell-race", "OVERSOLD"),
    "strict_reading": Finds("marketplace-html-error", "LOST_ORDER"),
}
FINDS = {control: bite for control, bite in BITES.items() if isinstance(bite, Finds)}
COSTS = {control: bite for control, bite in BITES.items() if isinstance(bite, Costs)}


def without(control: str, more: Mapping[str, str]) -> Mapping[str, str]:
    return {**more, f"controls.{control}": "false"}


def value(verdict: Verdict, reading: str) -> float:
    found = verdict.reading(reading)
    assert found is not None
    assert found.value is not None
    return found.value


def test_the_table_knows_every_control() -> None:
    """A control that can be switched off says here what it is good for."""
    assert set(BITES) == {field.name for field in msgspec.structs.fields(Controls) if field.type is bool}


@pytest.mark.parametrize("control", FINDS)
def test_without_one_control_the_water_catches_it(water: Water, control: str) -> None:
    """With all controls the scenario is passed; with this one off it is violated, by the finding that it prevents."""
    scenario, code, more = FINDS[control]
    assert water(scenario, "resilient", more).outcome is Outcome.PASSED
    verdict = water(scenario, "resilient", without(control, more))
    assert verdict.outcome is Outcome.VIOLATED
    assert code in {finding.code for finding in verdict.findings if finding.gravity == "violation"}


@pytest.mark.parametrize("control", COSTS)
def test_without_one_control_it_costs_more(water: Water, control: str) -> None:
    """With this one off the run is worse by the reading that it is there for."""
    scenario, reading, factor, more = COSTS[control]
    whole = value(water(scenario, "resilient", more), reading)
    lacking = value(water(scenario, "resilient", without(control, more)), reading)
    assert lacking >= factor * max(whole, 1e-3)
    assert lacking > whole


def test_an_outage_of_the_cheaper_carrier_needs_the_second(water: Water) -> None:
    """Who has no fallback waits until the carrier is back: people hear of parcels without a label."""
    lacking = water("carrier-outage", "resilient", without("fallback_carrier", AS_IT_IS))
    assert value(lacking, "exceptions.integration_support.count") >= 5
