"""One history: the same scenario and seed give the same evidence, whatever is not part of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.digest import digest_of
from seatrial.voyage import Run, sail

SQUALL = """\
name: squall
asks: Is it the same squall again?
start: 2026-03-02 06:00:00
duration: 14 h
calm: 20 h
interleave: seeded
demand: {kind: synthetic, arrivals: {kind: poisson, rate: 6/h}, skus: 25, cancellations: 20 %}
faults:
  - {fault: lost_reply, at: erp, probability: 10 %}
  - {fault: latency, at: north, probability: 20 %, with: {delay: 2 s, jitter: 20 s}}
  - {fault: webhook_duplicate, at: storefront, probability: 30 %, with: {gap: 3 s}}
  - {fault: webhook_reorder, at: warehouse, probability: 30 %}
  - {fault: integration_crash, at: erp.create_sales_order, every: 20}
  - {fault: short_shipment, at: warehouse, probability: 10 %}
"""
NEVER = "  - {fault: outage, name: never, at: erp, key: nobody, from: 3 h, until: 5 h}\n"
PROBE = """
import sys
from seatrial.scenarios.loader import parse_scenario
from seatrial.voyage import sail
print(sail(parse_scenario(sys.stdin.read()), seed=7).digest)
"""


def play(text: str = SQUALL, seed: int = 7, **options: object) -> Run:
    return sail(parse_scenario(text), seed=seed, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def squall() -> Run:
    """The squall as it is."""
    return play()


def digest_in_a_process(hash_seed: str) -> str:
    surroundings = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], input=SQUALL, env=surroundings, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_squall_is_rough(squall: Run) -> None:
    """What is compared here is worth comparing: every rule struck, tasks were drawn, and orders went through."""
    assert all(rule.fired for rule in squall.verdict.coverage)
    assert squall.evidence.filter(pl.col("operation") == "shipment.dispatched").height > 5


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_processes_do_not_matter(squall: Run, hash_seed: str) -> None:
    """Another process with another hash seed writes the same rows."""
    assert digest_in_a_process(hash_seed) == squall.digest


def test_seeds_matter(squall: Run) -> None:
    """Another seed is another history."""
    assert play(seed=8).digest != squall.digest


def test_a_rule_that_strikes_nobody_changes_nothing(squall: Run) -> None:
    """One more rule that never matches leaves every row as it was, besides those of its own window."""
    more = play(SQUALL + NEVER)
    own = (pl.col("kind") == "phase") & (pl.col("rule") == "never")
    rows = more.evidence
    assert rows.filter(own)["time"].to_list() == [3 * 3_600_000_000, 5 * 3_600_000_000]
    others = rows.filter(~own).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))
    assert digest_of([others.select(squall.evidence.columns)]) == squall.digest


@pytest.mark.parametrize("seed", [7, 8, 9, 10])
def test_who_watches_does_not_matter(seed: int) -> None:
    """A run whose progress is told writes the same rows: not one draw more decides who goes first."""
    told: list[float] = []
    assert play(seed=seed, progress=lambda now, *_: told.append(now)).digest == play(seed=seed).digest
    assert told == sorted(told)
    assert told


def test_where_it_is_kept_does_not_matter(squall: Run, tmp_path: Path) -> None:
    """On disk or in memory: one digest, and the rows on disk are those in memory."""
    kept = play(out=tmp_path / "run")
    assert kept.digest == squall.digest
    assert kept.folder is not None
    assert kept.evidence.equals(squall.evidence)


def test_the_order_of_tasks_is_another_history_with_the_same_end() -> None:
    """Drawn or as they came: the rows differ, and the resilient integration converges in both."""
    whole = SQUALL.replace("calm: 20 h", "calm: 4 d")
    drawn, in_order = play(whole), play(whole.replace("seeded", "fifo"))
    assert drawn.digest != in_order.digest
    assert [drawn.verdict.outcome.value, in_order.verdict.outcome.value] == ["passed", "passed"]
