"""What judging costs: every measure and the report page over runs of 10,000 and 100,000 orders (more with --orders).

Makes each run once into a folder and keeps it there. Each figure comes from a process of its own that is held to one
core; its anchor is what a plain polars scan of the same parts costs there: every column read once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

ONE_CORE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
COUNTED = 100_000
SECONDS, GIGABYTES = 15.0, 1.5
"""What measures and page of a run of `COUNTED` orders may take together."""
LINEAR = 1.3
"""Seconds per row may grow by so much with ten times the rows."""
SEA = """
name: judging-{orders}
asks: How long does it take to read what {orders} orders left behind?
start: 2026-03-02 00:00:00
duration: {days:.4f} d
calm: 4 d
demand:
  kind: synthetic
  arrivals: {{kind: poisson, rate: {rate}/h}}
  skus: 500
  lines: [2, 3]
  returns: 2 %
  cancellations: 1 %
partners:
  north:
    settings: &busy
      {{pickers: 400, doors: 8, opens: "00:00", closes: "00:00", cut_off: "", collect_every: 15 min}}
  south: {{settings: *busy}}
faults:
  - {{fault: lost_reply, at: erp, probability: 1 %, from: 1 h, until: 2 h}}
  - {{fault: outage, at: carrier, from: 2 h, until: 150 min}}
"""
"""The busy trade of `benchmarks.flow`, with an hour of lost replies and a carrier that is away."""


class Cost(NamedTuple):
    """What one way of reading a run took."""

    seconds: float
    """Of the wall clock, on one core."""
    spent: float
    """Of the processor."""
    megabytes: float
    """Peak memory of the process, with all that it imports."""
    rows: int
    """Rows of evidence."""


def place_of(folder: Path, orders: int) -> Path:
    return folder / f"orders-{orders}"


def make(folder: Path, orders: int, rate: float) -> None:
    """Make a run of so many orders, unless it is there."""
    from seatrial.scenarios.loader import parse_scenario
    from seatrial.sim.runfolder import RunFolder
    from seatrial.voyage import sail

    place = place_of(folder, orders)
    if (place / "manifest.json").is_file():
        return
    began = process_time()
    sail(parse_scenario(SEA.format(orders=orders, days=orders / rate / 24, rate=rate)), out=place)
    rows = RunFolder.open(place).manifest
    print(f"made      {place}: {rows.rows if rows else 0:,} rows in {process_time() - began:.0f} s of processor time")


def scanned(place: Path) -> int:
    """The anchor: every column of every part, read once."""
    import polars as pl

    rows = pl.scan_parquet(str(place / "part-*.parquet"))
    return int(rows.select(pl.len(), pl.all().exclude("number").hash().sum()).collect()["len"][0])


def judged(place: Path) -> int:
    """Every measure, every limit, every finding and its witness."""
    from seatrial.reports.judge import judge
    from seatrial.reports.logbook import Logbook
    from seatrial.reports.saved import facts_of
    from seatrial.sim.runfolder import RunFolder

    folder = RunFolder.open(place)
    judge(Logbook(folder.scan()), facts_of(folder))
    return folder.manifest.rows if folder.manifest else 0


def shown(place: Path) -> int:
    """The same, and the page."""
    from seatrial.reports.judge import judge
    from seatrial.reports.logbook import Logbook
    from seatrial.reports.page import write_page
    from seatrial.reports.page_run import PageRun
    from seatrial.reports.saved import facts_of
    from seatrial.sim.runfolder import RunFolder

    folder = RunFolder.open(place)
    log, rows = Logbook(folder.scan()), folder.manifest.rows if folder.manifest else 0
    verdict = judge(log, facts_of(folder))
    write_page(place / "judging.html", [PageRun(verdict=verdict, log=log, rows=rows)])
    return rows


WAYS = {"scan": scanned, "measures": judged, "measures and page": shown}


def alone(way: str, place: Path) -> Cost:
    """What a way costs in a process of its own on one core."""
    arguments = [sys.executable, "-m", "benchmarks.judging", "--way", way, "--folder", str(place)]
    done = subprocess.run(arguments, env={**os.environ, **ONE_CORE}, check=True, capture_output=True, text=True)
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


def one_way(way: str, place: Path) -> None:
    """Read a run here and print what it cost."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    began, spent = perf_counter(), process_time()
    rows = WAYS[way](place)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(Cost(perf_counter() - began, process_time() - spent, peak, rows)))


def measure(folder: Path, orders: int) -> dict[str, Cost]:
    """All ways over one run, printed."""
    costs = {way: alone(way, place_of(folder, orders)) for way in WAYS}
    anchor = costs["scan"].spent
    for way, cost in costs.items():
        each = cost.spent / cost.rows * 1e6
        print(
            f"{orders:>9,} orders {cost.rows:>11,} rows  {way:<18}{cost.spent:7.2f} s of one core "
            f"({cost.seconds:.2f} s on the clock), {cost.megabytes:6,.0f} MB, {each:.2f} us a row, "
            f"{cost.spent / anchor:.1f} plain scans"
        )
    return costs


def kept(costs: dict[int, dict[str, Cost]]) -> bool:
    """Whether the figures that count are kept."""
    each = {orders: cost["measures and page"] for orders, cost in costs.items()}
    least, most = min(each), max(each)
    growth = (each[most].spent / each[most].rows) / (each[least].spent / each[least].rows)
    print(f"seconds per row from {least:,} to {most:,} orders: {growth:.2f} times (at most {LINEAR})")
    counted = each.get(COUNTED)
    fits = counted is None or (counted.spent <= SECONDS and counted.megabytes <= GIGABYTES * 1024)
    print(f"measures and page of {COUNTED:,} orders: at most {SECONDS:g} s of one core and {GIGABYTES} GB: {fits}")
    return fits and growth <= LINEAR


def main() -> int:
    """Make what is missing, then measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/measures-run"), help="where runs are kept")
    arguments.add_argument("--orders", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--rate", type=float, default=2_000, help="orders an hour")
    arguments.add_argument("--make", action="store_true", help="only make what is missing")
    arguments.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.way:
        one_way(options.way, options.folder)
        return 0
    if options.make:
        for orders in options.orders:
            make(options.folder, orders, options.rate)
        return 0
    # A process of its own makes them: whoever is started by one that has grown begins with the peak of that one.
    subprocess.run([sys.executable, "-m", "benchmarks.judging", "--make", *sys.argv[1:]], check=True)
    return 0 if kept({orders: measure(options.folder, orders) for orders in options.orders}) else 1


if __name__ == "__main__":
    sys.exit(main())
