"""Nothing comes from nowhere: whatever breaks, and whoever integrates, the partners' own books add up."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mocks.books.general_ledger import Account
from seatrial.mocks.partners.erp import Erp
from seatrial.reports.facts import Facts
from seatrial.reports.judge import read_all
from seatrial.reports.logbook import Logbook
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.evidence import Evidence

SEA = """\
name: squall
asks: Do the books add up?
start: 2026-03-02 06:00:00
duration: 14 h
calm: 5 d
interleave: seeded
demand:
  kind: synthetic
  arrivals: {kind: poisson, rate: 4/h}
  skus: 12
  cover: 20 h
  cancellations: 15 %
  returns: 20 %
  return_after: {kind: constant, value: 2 h}
  return_travel: {kind: constant, value: 6 h}
  late_returns: 4 d
partners:
  north: {settings: {losses: [{at: 4 h, skus: 40 %, units: 30 %}]}}
faults:
"""
FAULTS = (
    "{fault: lost_reply, at: %s, probability: 30 %%}",
    "{fault: lost_reply, at: %s, probability: 30 %%, with: {how: reset}}",
    "{fault: duplicate_request, at: %s, probability: 30 %%}",
    "{fault: duplicate_request, at: %s, probability: 30 %%, with: {gap: 10 min}}",
    "{fault: malformed_body, at: %s, probability: 30 %%}",
    "{fault: reset, at: %s, probability: 30 %%, with: {after_commit: true}}",
    "{fault: latency, at: %s, probability: 50 %%, with: {delay: 20 s, jitter: 2 min}}",
    "{fault: outage, at: %s, from: 5 h, until: 8 h}",
    "{fault: integration_crash, at: %s, every: 7}",
)
INSIDE = (
    "{fault: short_shipment, at: warehouse, probability: 40 %}",
    "{fault: webhook_duplicate, at: warehouse, probability: 40 %, with: {gap: 5 min}}",
    "{fault: webhook_drop, at: storefront, probability: 30 %}",
    "{fault: webhook_reorder, at: warehouse, probability: 50 %}",
)
PARTNERS = ("erp", "warehouse", "carrier", "storefront", "marketplace")
aimed = st.builds(lambda fault, at: fault % at, st.sampled_from(FAULTS), st.sampled_from(PARTNERS))
storms = st.lists(aimed | st.sampled_from(INSIDE), min_size=1, max_size=4)
integrations = st.sampled_from(("resilient", "retrying", "naive"))


class Wake:
    """What a run left behind: its rows, its readings and the ERP's ledger."""

    def __init__(self, storm: Sequence[str], integration: str, seed: int) -> None:
        text = SEA + "".join(f"  - {fault}\n" for fault in storm)
        built = embark(parse_scenario(text), seed, integration, lambda env: Evidence(lambda: env.now))
        built.world.run(built.factory, built.voyage)
        self.rows = built.world.evidence.frame()
        self.readings = {each.name: each.value for each in read_all(Logbook(self.rows), Facts())}
        erp = built.world.partners["erp"]
        assert isinstance(erp, Erp)
        self.ledger = erp.ledger

    def units(self, kind: str, operation: str, partner: str) -> int:
        """Units in all rows of a sort."""
        chosen = (pl.col("kind") == kind) & (pl.col("operation") == operation) & (pl.col("partner") == partner)
        return int(self.rows.filter(chosen)["quantity"].sum())

    def growth(self, warehouse: str) -> int:
        """Units on hand at the end beyond those at the beginning, over all SKUs."""
        chosen = (pl.col("kind") == "stock") & (pl.col("operation") == "on_hand") & (pl.col("partner") == warehouse)
        level = pl.col("quantity")
        return int(self.rows.filter(chosen).group_by("key").agg(level.last() - level.first())["quantity"].sum())


@pytest.mark.slow
@settings(max_examples=10)
@given(storms, integrations, st.integers(0, 10**6))
def test_nothing_is_made_and_nothing_vanishes(storm: list[str], integration: str, seed: int) -> None:
    """Debits equal credits; no level falls below zero; what is on a shelf is what was there, came in and did not leave;
    only an integration can ship more than was ordered, and the resilient one does not.
    """
    wake = Wake(storm, integration, seed)
    assert wake.ledger.debits == wake.ledger.credits
    assert sum(map(wake.ledger.balance, Account)) == 0
    for name in ("conservation.unexplained", "conservation.negative", "conservation.overallocated"):
        assert wake.readings[name] == 0, name
    for warehouse in ("north", "south"):
        came = sum(wake.units("event", event, warehouse) for event in ("inventory.received", "stock.restocked"))
        left = wake.units("sale", "shipped", warehouse)
        corrected = wake.units("event", "inventory.adjusted", warehouse)
        assert wake.growth(warehouse) == came + corrected - left
    if integration == "resilient":
        assert wake.readings["overshipped.units"] == 0
