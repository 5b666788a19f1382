"""Fidelity: short scenarios end alike in virtual time and on real sockets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

import seatrial
from seatrial.reports.saved import load_verdict
from seatrial.reports.verdict import Verdict
from seatrial.sim.runfolder import RunFolder

SLOWER, LATE = 1.5, 60_000
"""How much slower a call on real sockets may be, as a factor and in microseconds besides: two programs, one machine."""
BOUND = 240
TRIES = 3
"""Voyages, of which one has to agree: other work on the machine delays programs, and with them who comes first."""
CASES = (
    ("calm", "resilient", "partner"),
    ("lost-replies", "resilient", "proxy"),
    ("lost-replies", "retrying", "proxy"),
    ("lost-replies", "naive", "partner"),
    ("duplicate-webhooks", "resilient", "partner"),
    ("duplicate-webhooks", "naive", "partner"),
    ("garbled-replies", "retrying", "proxy"),
)

pytestmark = [
    pytest.mark.wire,
    pytest.mark.alone,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("mitmproxy") is None, reason="needs the extra `wire`: pip install 'seatrial[wire]'"),
]


def on_the_wire(scenario: str, integration: str, faults_at: str, out: Path) -> RunFolder:
    """A run on real sockets, as the command line makes it."""
    command = ["wire", scenario, "--integration", integration, "--faults-at", faults_at, "--out", str(out)]
    program = [sys.executable, "-c", "from seatrial.cli import main; main()", *command]
    done = subprocess.run(program, capture_output=True, text=True, timeout=BOUND, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return RunFolder.open(out)


def counts(verdict: Verdict) -> dict[str, float | None]:
    """What was made twice and what was lost, by class of document."""
    return {each.name: each.value for each in verdict.readings if each.name.startswith(("duplicates.", "lost."))}


def percentiles(evidence: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Median and 95th percentile of the latency of good calls, in microseconds, by partner with enough of them."""
    good = evidence.filter(kind="call", outcome="ok", rule="").group_by("partner")
    table = good.agg(
        pl.len().alias("calls"), pl.col("latency").median().alias("p50"), pl.col("latency").quantile(0.95).alias("p95")
    ).filter(pl.col("calls") >= 60)
    return {row["partner"]: (int(row["p50"]), int(row["p95"])) for row in table.rows(named=True)}


@pytest.mark.parametrize(("scenario", "integration", "faults_at"), CASES)
def test_virtual_time_and_the_wire_agree(scenario: str, integration: str, faults_at: str, tmp_path: Path) -> None:
    """One integration, one scenario, one seed: the same verdict, duplicates and losses, and latencies that fit."""
    name = f"fidelity/{scenario}"
    virtual = seatrial.run(name, integration=integration, seed=1)
    assert percentiles(virtual.evidence)
    apart: list[list[str]] = []
    while len(apart) < TRIES:
        folder = on_the_wire(name, integration, faults_at, tmp_path / f"run-{len(apart)}")
        apart.append(list(differences(virtual.verdict, virtual.evidence, folder)))
        if not apart[-1]:
            return
    assert apart == []


def differences(verdict: Verdict, evidence: pl.DataFrame, folder: RunFolder) -> Iterator[str]:
    """In what a run on real sockets is not what virtual time said, in words."""
    wire = load_verdict(folder.path)
    if wire.outcome != verdict.outcome:
        yield f"{wire.outcome} for {verdict.outcome}"
    seen_counts = counts(wire)
    for reading, value in counts(verdict).items():
        if seen_counts[reading] != value:
            yield f"{reading}: {seen_counts[reading]} for {value}"
    asked, seen = percentiles(evidence), percentiles(folder.frame())
    assert {"erp"} <= asked.keys() & seen.keys()
    for partner in asked.keys() & seen.keys():  # which of two warehouses has enough calls is a matter of milliseconds
        p50, p95 = asked[partner]
        if not p50 * 0.8 <= seen[partner][0] <= p50 * SLOWER + LATE:
            yield f"p50 of {partner}: {seen[partner][0]} µs for {p50}"
        if not p95 * 0.7 <= seen[partner][1] <= p95 * SLOWER + 4 * LATE:
            yield f"p95 of {partner}: {seen[partner][1]} µs for {p95}"
