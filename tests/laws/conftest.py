"""Rough water for laws over whole runs: the library's scenarios, cut as short as their questions allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import pytest

from seatrial.reports.verdict import Verdict
from seatrial.voyage import run

Settings = Mapping[str, str]
Water = Callable[..., Verdict]
FEW = {"demand.arrivals.rate": "8/h"}
DAY = {"calm": "3 d", **FEW}
SHORT: Mapping[str, Settings] = MappingProxyType(
    {
        "3pl-short-ship": {"calm": "4 d", **FEW},
        "calm-day": FEW,
        "carrier-outage": DAY,
        "duplicate-webhooks": {"calm": "3 d", "demand.arrivals.rate": "4/h"},
        "erp-night-window": {"duration": "1 d", **DAY},
        "expired-token": DAY,
        "integration-crash": DAY,
        "lost-erp-replies": DAY,
        "marketplace-html-error": {"calm": "3 d"},
        "out-of-order-webhooks": {"duration": "1 d", "calm": "3 d", "demand.arrivals.rate": "20/h"},
        "open-water": {},
        "oversell-race": {"duration": "1 d", "calm": "5 d", "demand.arrivals.rate": "12/h"},
        "peak-week": {},
        "rate-limit-storm": DAY,
        "webhooks-lost": {"calm": "4 d", "demand.arrivals.rate": "4/h"},
    }
)
"""What is set over each scenario. A scenario that is missing runs in full."""


@cache
def _verdict(scenario: str, integration: str, settings: tuple[tuple[str, str], ...]) -> Verdict:
    return run(scenario, integration=integration, settings=dict(settings)).verdict


def _sail(scenario: str, integration: str = "resilient", more: Settings = MappingProxyType({})) -> Verdict:
    settings = {**SHORT.get(scenario, {}), **more}
    return _verdict(scenario, integration, tuple(settings.items()))


@pytest.fixture(scope="session")
def water() -> Water:
    """The verdict on a scenario: `water("calm-day", "naive", {"controls.retry": "false"})`; each is run once."""
    return _sail
