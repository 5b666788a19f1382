"""Whatever is written: when the partner did it and its reply was lost, the repeat finds out and the work goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from seatrial.reports.verdict import Outcome, Verdict
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.operation import operations_of
from seatrial.sim.partner import Partner
from seatrial.voyage import run

UNHEARD = """\
name: unheard
asks: Does an integration whose write was done, but whose reply was lost, do it again or give up?
world: quick
start: 2026-03-02 00:00:00
duration: 5 min
calm: 15 min
grace: 0 s
demand:
  kind: synthetic
  arrivals: {kind: poisson, rate: 12/min}
  skus: 12
  cover: 5 min
  cancellations: 25 %
  cancel_after: {kind: uniform, low: 0.1 s, high: 2 s}
  returns: 25 %
  return_after: {kind: uniform, low: 1 s, high: 3 s}
  return_travel: {kind: constant, value: 1 s}
  late_returns: 1 min
partners:
  north: {settings: {losses: [{at: 20 s, skus: 70 %, units: 95 %}]}}
controls:
  patience: 2 s
  backoff: 0.2 s
  poll_every: 1 s
  batch_every: 2 s
  listings_every: 1 s
  reconcile_every: 10 s
  quiet_after: 10 s
  lost_after: 20 s
faults:
"""
REPLIES = (1, 2, 5)
"""Replies lost for each document: the first; two, which opens breakers; more than a call has attempts."""
BESIDES: Mapping[str, tuple[str, ...]] = {
    "correct_stock": ("{fault: webhook_drop, at: warehouse.inventory.adjusted, probability: 30 %}",),
    "void_label": (
        "{fault: lost_reply, at: heron.buy_label, until: 2 min}",
        "{fault: outage, at: heron.find_label, until: 2 min}",
    ),
}
"""What else has to go wrong for an operation to be asked for."""


def writes() -> list[str]:
    """Operations of all partners that write, without those of the connection itself."""
    partners = [Catalogue("partners").get(name) for name in Catalogue("partners").names()]
    of_all = {each.name for each in operations_of(Partner).values()}
    found = {each.name for partner in partners for each in operations_of(partner).values() if each.write}
    return sorted(found - of_all)


def sail(folder: Path, *rules: str) -> Verdict:
    path = folder / "unheard.yaml"
    path.write_text(UNHEARD + "".join(f"  - {rule}\n" for rule in rules))
    return run(path, integration="resilient").verdict


@pytest.mark.parametrize("replies", REPLIES)
@pytest.mark.parametrize("operation", writes())
def test_a_write_whose_reply_was_lost_is_done_once(tmp_path: Path, operation: str, replies: int) -> None:
    """Whichever write it is and however often its reply is lost: nothing is doubled, lost or left without an answer."""
    lost = f'{{fault: lost_reply, at: "*.{operation}", first: {replies}}}'
    verdict = sail(tmp_path, lost, *BESIDES.get(operation, ()))
    assert (verdict.outcome, verdict.reasons) == (Outcome.PASSED, ())
    assert all(rule.fired for rule in verdict.coverage)


OLD_COPIES: Mapping[str, tuple[str, ...]] = {
    "one carrier": (
        "{fault: truncated_body, at: falcon.buy_label, probability: 40 %}",
        "{fault: stale_read, at: falcon.find_label}",
    ),
    "every carrier, and no purchase is heard of": (
        "{fault: truncated_body, at: carrier.buy_label, until: 2 min}",
        "{fault: stale_read, at: carrier.find_label}",
    ),
    "now and then, and no label can be put on": (
        "{fault: lost_reply, at: carrier.buy_label, probability: 70 %}",
        "{fault: stale_read, at: carrier.find_label, probability: 70 %, with: {age: 20 s}}",
        "{fault: lost_reply, at: warehouse.attach_label, probability: 50 %}",
    ),
    "and the integration dies": (
        "{fault: integration_crash, at: carrier.buy_label, every: 7, times: 6, with: {down_for: 2 s}}",
        "{fault: lost_reply, at: carrier.buy_label, probability: 30 %}",
        "{fault: stale_read, at: carrier.find_label}",
    ),
}
"""What goes wrong with purchases whose look-ups are answered from an old copy."""


@pytest.mark.parametrize("rules", OLD_COPIES.values(), ids=OLD_COPIES)
def test_a_label_that_no_look_up_showed_is_given_back(tmp_path: Path, rules: tuple[str, ...]) -> None:
    """A carrier says "there is none" of a label that it has just sold: another is bought, and one of them found."""
    verdict = sail(tmp_path, *rules)
    assert (verdict.outcome, verdict.reasons) == (Outcome.PASSED, ())
    assert all(rule.fired for rule in verdict.coverage)
