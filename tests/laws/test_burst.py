"""A burst on real sockets: partners may become slow, but lose nobody's order and hang up on nobody."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from seatrial.sim.runfolder import RunFolder

BOUND = 300
ORDERS = 300
BURST = f"""
name: burst
asks: What happens when everybody comes at once?
world: quick
start: 2026-03-02 00:00:00
duration: 1 s
calm: 60 s
grace: 0 s
demand:
  kind: synthetic
  arrivals: {{kind: constant, rate: {ORDERS}/s}}
  skus: 100
  cover: 10 min
  cancellations: 0 %
  returns: 0 %
controls: {{backoff: 0.2 s, poll_every: 0.5 s, batch_every: 2 s, listings_every: 5 s, pace: 5000/s}}
partners:
  marketplace: {{conduct: {{limits: {{"*": {{kind: token_bucket, rate: 5000/s, burst: 5000}}}}}}}}
  erp: {{conduct: {{limits: {{"*": {{kind: token_bucket, rate: 5000/s, burst: 5000}}}}}}}}
"""

pytestmark = [
    pytest.mark.wire,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("locust") is None, reason="needs the extra `wire`: pip install 'seatrial[wire]'"),
]


def test_a_burst_is_accounted_for_and_nobody_is_hung_up_on(tmp_path: Path) -> None:
    """Three hundred orders within a second: each is in the books, no connection ends that no fault has struck."""
    scenario, out = tmp_path / "burst.yaml", tmp_path / "run"
    scenario.write_text(BURST)
    command = ["wire", str(scenario), "--integration", "resilient", "--faults-at", "partner", "--out", str(out)]
    program = [sys.executable, "-c", "from seatrial.cli import main; main()", *command]
    done = subprocess.run(program, capture_output=True, text=True, timeout=BOUND, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "all accounted for" in done.stderr
    rows = RunFolder.open(out).frame()
    placed = rows.filter(kind="event", operation="order.placed").height
    assert 0.9 * ORDERS <= placed <= ORDERS
    ends = rows.filter(kind="call")["outcome"].unique().to_list()
    assert not {"reset", "refused", "unreadable"} & set(ends)
    lost = rows.filter(pl.col("kind") == "note", pl.col("document_id").str.contains("reset|refused|unreadable"))
    assert lost.is_empty(), lost
