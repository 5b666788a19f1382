"""The page of known failures tells what the pairs and their storms are.

`.venv/bin/python tests/known_failures/test_page.py` searches anew, keeps what it finds, and writes the table.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, RUNS, Case

from seatrial.scenarios.schema import RuleSpec
from seatrial.searching import search
from seatrial.sim.units import format_duration
from seatrial.storm_words import plain

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "known-failures.md"
PLACE = re.compile(r"(<!-- pairs -->\n).*?(<!-- end of pairs -->)", re.DOTALL)
ORDERS = 12


def table() -> str:
    """One row for each pair."""
    head = "| pair | what goes wrong | seen in | finding | the smallest storm that shows it |\n|---|---|---|---|---|\n"
    return head + "".join(_row(case) for case in CASES)


def _row(case: Case) -> str:
    wrong, seen = case.words
    pair = f"[`{case.name}`](../tests/known_failures/{case.name}.py)"
    threads = ", ".join(f"`{each.strip()}`" for each in seen.split(","))
    return f"| {pair} | {wrong} | {threads} | `{case.finding}` | [{_told(case)}]({_link(case)}) |\n"


def _told(case: Case) -> str:
    """A storm in a few words."""
    storm = case.storm
    count = len(storm.demand.orders)
    rules = "; ".join(map(_rule, storm.rules)) or "no fault at all"
    return f"{count} order{'s' if count > 1 else ''}, {rules}"


def _rule(rule: RuleSpec) -> str:
    settings = ", ".join(f"{name} {plain(value)}" for name, value in rule.params.items())
    where = f" at `{rule.at}`" if rule.at != "*" else ""
    return f"`{rule.fault}`{where}" + (f" with {settings}" if settings else "") + _window(rule)


def _window(rule: RuleSpec) -> str:
    parts = [f"from {format_duration(rule.start)}"] if rule.start else []
    parts += [f"until {format_duration(rule.until)}"] if rule.until is not None else []
    return f" {' '.join(parts)}" if parts else ""


def _link(case: Case) -> str:
    return f"../{case.kept.relative_to(ROOT)}"


def test_the_page_tells_what_the_pairs_are() -> None:
    """Its table is written from the pairs and the storms that are kept."""
    found = PLACE.search(PAGE.read_text(encoding="utf-8"))
    assert found
    assert found[0] == f"<!-- pairs -->\n{table()}<!-- end of pairs -->", "run this file to write it anew"


def keep(case: Case) -> None:
    """Search, and keep the smallest storm."""
    told = search(case.scenario, integration=case.twin("bad"), orders=ORDERS, budget="30 min", runs=RUNS)
    assert told.found is not None
    assert told.finding is not None
    assert told.finding.code == case.finding
    here = case.kept.relative_to(ROOT)
    again = f"seatrial run {here} --seed {told.found.seed} --integration tests/known_failures/{case.name}.py:bad"
    asks = f"Does an integration come through this without {case.finding}?"
    case.kept.parent.mkdir(exist_ok=True)
    case.kept.write_text(f"# {again}\n{told.found.written(case.name.replace('_', '-'), asks)}", encoding="utf-8")
    runs, seconds = told.explored.runs, told.explored.seconds
    sys.stdout.write(f"{case.name}: {told.finding.code} after {runs} runs in {seconds:.1f} s, ")
    sys.stdout.write(f"made small in {told.shrink_runs} more: {_told(case)}\n")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    for each in CASES:
        keep(each)
    PAGE.write_text(PLACE.sub(lambda found: found[1] + table() + found[2], PAGE.read_text("utf-8")), "utf-8")
