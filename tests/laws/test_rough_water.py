"""What the harness is for: calm water lets everybody pass, rough water only who has safeguards."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from seatrial.reports.verdict import Outcome, Verdict
from seatrial.scenarios.loader import library
from seatrial.sim.catalogue import Catalogue

Water = Callable[..., Verdict]


class Caught(NamedTuple):
    """Whom a scenario catches, and at what."""

    naive: str
    """Code of a finding that the naive integration cannot avoid."""
    retrying: str
    """The same for the retrying one: it repeats what fails, and knows nothing again."""


ROUGH = {
    "carrier-outage": Caught("UNPACKED_RELEASE", "DUPLICATE_LABEL"),
    "duplicate-webhooks": Caught("DUPLICATE_SALES_ORDER", "DUPLICATE_SALES_ORDER"),
    "erp-night-window": Caught("LOST_ORDER", "DUPLICATE_SALES_ORDER"),
    "expired-token": Caught("UNPOSTED_SHIPMENT", "DUPLICATE_SALES_ORDER"),
    "integration-crash": Caught("LOST_ORDER", "LOST_ORDER"),
    "lost-erp-replies": Caught("MISSING_INVOICE", "DUPLICATE_INVOICE"),
    "marketplace-html-error": Caught("LOST_ORDER", "LOST_ORDER"),
    "out-of-order-webhooks": Caught("UNANSWERED_CANCELLATION", "UNANSWERED_CANCELLATION"),
    "oversell-race": Caught("OVERSOLD", "OVERSOLD"),
    "rate-limit-storm": Caught("LOST_ORDER", "UNCONFIRMED_SHIPMENT"),
    "webhooks-lost": Caught("LOST_ORDER", "UNPOSTED_SHIPMENT"),
}
CALM = ("calm-day", "open-water")
HARMLESS = ("3pl-short-ship",)
"""Rough for the warehouse only: what a short pick leaves open is no matter of calls that fail or come twice."""
LONG = ("peak-week",)
REFERENCES = Catalogue("integrations").names()


def violations(verdict: Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings if finding.gravity == "violation"}


def test_the_table_knows_the_library() -> None:
    """Every scenario of the library says here whom it catches; the sets in it have laws of their own."""
    assert sorted((*CALM, *ROUGH, *HARMLESS, *LONG)) == [name for name in library() if "/" not in name]


@pytest.mark.parametrize("scenario", [*CALM, *HARMLESS])
@pytest.mark.parametrize("integration", REFERENCES)
def test_calm_water_lets_everybody_pass(water: Water, scenario: str, integration: str) -> None:
    """Where nothing goes wrong between the partners, every reference integration brings all orders home."""
    verdict = water(scenario, integration)
    assert (verdict.outcome, violations(verdict)) == (Outcome.PASSED, set())


@pytest.mark.parametrize("scenario", ROUGH)
def test_rough_water_lets_the_resilient_pass(water: Water, scenario: str) -> None:
    """Every rule strikes, and it has neither lost nor doubled anything once the calm is over."""
    verdict = water(scenario)
    assert (verdict.outcome, verdict.reasons) == (Outcome.PASSED, ())
    assert all(rule.fired for rule in verdict.coverage)


@pytest.mark.parametrize("scenario", ROUGH)
@pytest.mark.parametrize("integration", Caught._fields)
def test_rough_water_catches_the_others(water: Water, scenario: str, integration: str) -> None:
    """Each of them is violated, by a finding that says what it lacks."""
    verdict = water(scenario, integration)
    assert verdict.outcome is Outcome.VIOLATED
    assert getattr(ROUGH[scenario], integration) in violations(verdict)


@pytest.mark.parametrize("scenario", ROUGH)
def test_whoever_is_caught_can_see_why(water: Water, scenario: str) -> None:
    """A finding that decides has a witness: rows of the evidence that show it."""
    verdict = water(scenario, "naive")
    (decisive,) = (each for each in verdict.findings if each.code == ROUGH[scenario].naive)
    assert decisive.witness
    assert decisive.keys


@pytest.mark.slow
def test_the_resilient_comes_through_the_peak_week(water: Water) -> None:
    """A real week with everything that went wrong in it: passed, every rule fired, nearly every order completed."""
    verdict = water("peak-week")
    assert (verdict.outcome, verdict.reasons) == (Outcome.PASSED, ())
    assert all(rule.fired for rule in verdict.coverage)


@pytest.mark.slow
def test_the_naive_does_not_come_through_the_peak_week(water: Water) -> None:
    """The same week: orders entered twice, orders lost, parcels that were never invoiced."""
    verdict = water("peak-week", "naive")
    assert verdict.outcome is Outcome.VIOLATED
    assert violations(verdict) >= {"DUPLICATE_SALES_ORDER", "LOST_ORDER", "MISSING_INVOICE"}
