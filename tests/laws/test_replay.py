"""Replays: what struck in one run strikes again in another, whatever the dice of that would have said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner

from seatrial.cli import main
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.decisions import Decisions, read_decisions
from seatrial.sim.errors import BadInput
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
  - {fault: stale_read, at: warehouse, probability: 20 %, with: {age: 10 min}}
  - {fault: integration_crash, at: erp.create_sales_order, every: 20}
  - {fault: short_shipment, at: warehouse, probability: 10 %}
  - {fault: outage, at: erp, from: 3 h, until: 5 h}
"""
PROBE = """
import sys
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.decisions import read_decisions
from seatrial.voyage import sail
print(sail(parse_scenario(sys.stdin.read()), seed=7, replay=read_decisions(sys.argv[1])).digest)
"""
STRIKE = ["partner", "operation", "document", "key", "attempt", "rule"]


@pytest.fixture(scope="module")
def squall(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The squall, kept on disk."""
    return sail(parse_scenario(SQUALL), seed=7, out=tmp_path_factory.mktemp("squall"))


@pytest.fixture(scope="module")
def decisions(squall: Run) -> Decisions:
    """Its decisions."""
    assert squall.folder is not None
    return read_decisions(squall.folder.path)


def strikes(run: Run, *columns: str) -> list[tuple[object, ...]]:
    return run.evidence.filter(pl.col("kind") == "fault").select(*(columns or STRIKE)).rows()


def test_keeping_decisions_changes_no_row(squall: Run) -> None:
    """A run in memory, which keeps none, writes the same rows."""
    assert sail(parse_scenario(SQUALL), seed=7).digest == squall.digest


def test_every_strike_of_a_run_is_in_its_log(squall: Run, decisions: Decisions) -> None:
    """The log and the evidence agree on what struck, by rule."""
    rules = sorted(each.rule for each in decisions.strikes)
    assert rules == sorted(str(rule) for (rule,) in strikes(squall, "rule"))
    assert set(rules) == {each.name for each in squall.verdict.facts.rules}


def test_a_replay_is_the_same_run(squall: Run, decisions: Decisions) -> None:
    """The same rows, the same coverage, and no decision is left."""
    again = sail(parse_scenario(SQUALL), seed=7, replay=decisions)
    assert again.digest == squall.digest
    assert again.verdict.coverage == squall.verdict.coverage
    assert again.replayed is not None
    assert (again.replayed.made, again.replayed.left, again.replayed.remarks) == (len(decisions.strikes), {}, ())


def test_a_replay_in_another_process_is_the_same_run(squall: Run, decisions: Decisions) -> None:
    """Another process with another hash seed writes the same rows from the log."""
    surroundings = {**os.environ, "PYTHONHASHSEED": "4242"}
    probe = [sys.executable, "-c", PROBE, str(decisions.source)]
    done = subprocess.run(probe, input=SQUALL, env=surroundings, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == squall.digest


def test_the_log_decides_and_not_the_dice(squall: Run, decisions: Decisions) -> None:
    """With the chances and windows of all rules changed, the same calls are struck; the run says that it differs."""
    calmer = SQUALL.replace("probability: 10 %", "probability: 1 %").replace(
        "from: 3 h, until: 5 h", "from: 8 h, until: 9 h"
    )
    again = sail(parse_scenario(calmer), seed=7, replay=decisions)
    assert strikes(again) == strikes(squall)
    assert again.replayed is not None
    assert "the scenario" in again.replayed.remarks[0]


def test_another_integration_meets_the_same_strikes_where_it_calls(squall: Run, decisions: Decisions) -> None:
    """Calls that still happen are struck alike; the others are counted."""
    other = sail(parse_scenario(SQUALL), seed=7, integration="naive", replay=decisions)
    assert other.digest != squall.digest
    assert other.replayed is not None
    assert 0 < other.replayed.made < other.replayed.logged == len(decisions.strikes)
    assert set(strikes(other)) <= set(strikes(squall))
    assert len(strikes(other)) == other.replayed.made


def test_a_log_of_another_scenario_or_seed_is_bad_input(decisions: Decisions) -> None:
    """The error says what the log is of, and what to do."""
    with pytest.raises(BadInput, match=r"another scenario: 'squall'"):
        sail(parse_scenario(SQUALL.replace("squall", "breeze", 1)), seed=7, replay=decisions)
    with pytest.raises(BadInput, match=r"of seed 7.*leave --seed out"):
        sail(parse_scenario(SQUALL), seed=8, replay=decisions)


def test_the_command_replays_a_run_and_says_what_was_left(tmp_path: Path) -> None:
    """`seatrial run SCENARIO --replay RUN` takes the log's seed, reports on it, and names itself as the command."""
    scenario, first, again = tmp_path / "squall.yaml", tmp_path / "first", tmp_path / "again"
    scenario.write_text(SQUALL.replace("14 h", "4 h"), encoding="utf-8")
    cli = CliRunner()
    cli.invoke(main, ["run", str(scenario), "--seed", "5", "--out", str(first)])
    log = first / "decisions.jsonl"
    strike = log.read_bytes().splitlines()[1]
    never = msgspec.json.encode({**msgspec.json.decode(strike), "key": "nobody"})
    log.write_bytes(log.read_bytes() + never + b"\n")
    done = cli.invoke(main, ["run", str(scenario), "--replay", str(first), "--out", str(again)])
    logged = len(log.read_bytes().splitlines()) - 1
    assert f"{logged - 1:,} of {logged:,} decisions made again" in done.output
    assert "never asked for again" in done.output
    assert f"--replay {log}" in done.output
    ends = [msgspec.json.decode((run / "manifest.json").read_bytes()) for run in (first, again)]
    assert ends[0]["digest"] == ends[1]["digest"]
    wrong = cli.invoke(main, ["run", str(scenario), "--replay", str(tmp_path), "--out", str(again)])
    assert wrong.exit_code == 2
