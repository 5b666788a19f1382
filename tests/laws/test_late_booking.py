"""The ERP learns of every release, however late: also of one whose parcel is packed by then."""

from __future__ import annotations

from pathlib import Path

from seatrial.reports.verdict import Outcome
from seatrial.voyage import run

UNBOOKED = """\
name: unbooked
asks: Is a release that the ERP could not book for hours booked although its parcel is packed?
start: 2026-03-02 00:00:00
duration: 2 h
calm: 2 d
demand:
  kind: synthetic
  arrivals: {kind: poisson, rate: 10/h}
  skus: 20
partners:
  north:
    settings: &open
      {pickers: 40, doors: 8, opens: "00:00", closes: "00:00", cut_off: "", collect_every: 15 min}
  south: {settings: *open}
faults:
  - {fault: outage, at: erp.record_release, from: 30 min, until: 2 h}
"""


def test_a_release_is_booked_after_its_parcel_was_packed(tmp_path: Path) -> None:
    """The warehouse packs while the ERP takes no releases; when it takes them again, every shipment can be posted."""
    path = tmp_path / "unbooked.yaml"
    path.write_text(UNBOOKED)
    verdict = run(path, integration="resilient").verdict
    assert (verdict.outcome, [finding.code for finding in verdict.findings]) == (Outcome.PASSED, [])
