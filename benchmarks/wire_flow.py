"""What the partners sustain on one core: the whole flow of so many orders a second on real sockets, for a minute.

    python benchmarks/wire_flow.py [--rate 200] [--seconds 60] [--integration resilient] [--keep DIR]

`seatrial wire --faults-at partner` runs on the first core, everything that it starts (load, integration) on the second.
The integration is `lean_integration.py`, so that the partners are what is measured; one of ours can take its place.
Passes where the harness made no error, the load's account is complete, as many orders were placed as a Poisson process
of that rate places, at least 99 % of them went through the whole flow, and calls did not queue up at the partners.
The processor time of an order is the figure that neighbours on the machine disturb least. Bounded in time.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import polars as pl

from seatrial.mocks.wire.load_report import Placing
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario
from seatrial.sim.evidence import Evidence
from seatrial.sim.runfolder import RunFolder
from seatrial.sim.world import clock_of

LEAST_DONE, MOST_BEHIND = 0.99, 0.1
"""Share of the orders that go through; seconds beyond its link that half of the calls wait at most. The tail is told
and not judged: neighbours on the machine make it, and a queue that grows for a minute moves the median too.
"""
CALM, SPARE = 30, 150
"""Seconds of calm at most; seconds beyond load and calm after which the run is given up."""
HARNESS_ERROR = 3
DRIVER = Path(__file__).with_name("lean_integration.py")
TICK = 1 / os.sysconf("SC_CLK_TCK")
LEAST_CORES = 2
SCENARIO = """
name: wire-flow
asks: How many orders a second do the partners sustain?
world: quick
start: 2026-03-02 00:00:00
duration: {seconds} s
calm: {calm} s
grace: 0 s
demand:
  kind: synthetic
  arrivals: {{kind: poisson, rate: {rate}/s}}
  skus: 400
  cover: 10 min
  cancellations: 1 %
  returns: 0 %
partners:
  marketplace: {{conduct: {{limits: {{"*": {{kind: token_bucket, rate: 10000/s, burst: 10000}}}}}}}}
  erp: {{conduct: {{limits: {{"*": {{kind: token_bucket, rate: 10000/s, burst: 10000}}}}}}}}
  north: {{settings: &roomy {{pickers: 4000, doors: 100, load: 1 ms}}}}
  south: {{settings: *roomy}}
faults:
  - {{fault: lost_reply, at: desk.notify, probability: 1 %}}
  - {{fault: status, at: erp.check_lines, probability: 1 %}}
  - {{fault: latency, at: "carrier.get_rates", probability: 1 %}}
"""
OURS = """
controls:
  patience: 10 s
  backoff: 0.2 s
  poll_every: 0.5 s
  batch_every: 2 s
  listings_every: 5 s
  reconcile_every: 1 h
  quiet_after: 1 h
  lost_after: 1 h
  pace: 5000/s
"""


class Seen(msgspec.Struct):
    """What the lean integration saw (see there)."""

    orders: int
    calls: int
    webhooks: int
    connections: int
    open: int
    repeats: dict[str, int]
    refused: dict[str, int]
    latencies: dict[str, list[float]]
    lags: list[float]


class Watch:
    """Processor time of the harness and of all that it starts, by what they are; it also gives them their core."""

    def __init__(self, harness: int, ledger: Path) -> None:
        self._harness = harness
        self._ledger = ledger
        self._names = {harness: "harness"}
        self.rows: list[tuple[float, dict[str, float]]] = []
        self.first = 0.0
        """Unix time at which the first order was known to have been placed."""

    def look(self) -> None:
        """Once more."""
        spent: dict[str, float] = {}
        for pid in [self._harness, *descendants(self._harness)]:
            name = self._names.get(pid) or self._meet(pid)
            if name:
                spent[name] = spent.get(name, 0.0) + seconds_of(pid)
        self.rows.append((time.time(), spent))
        if not self.first and self._ledger.exists() and self._ledger.stat().st_size:
            self.first = time.time()

    def since_the_first(self, seconds: float) -> dict[str, float]:
        """Processor seconds of each while orders came."""
        first, last = self.first, self.first + seconds
        early = next((spent for at, spent in self.rows if at >= first), {})
        late = [spent for at, spent in self.rows if at <= last]
        return {name: late[-1][name] - early.get(name, 0.0) for name in (late[-1] if late else {})}

    def _meet(self, pid: int) -> str:
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {1})
        except OSError:
            return ""
        words = {b"integration": "integration", b"locust": "load", b"_load": "load"}
        name = next((name for word, name in words.items() if word in line), "others")
        if b"main() wire" not in line:  # a fork that has not become what it is to be
            self._names[pid] = name
        return name


def descendants(pid: int) -> Iterator[int]:
    """All processes below one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield int(child)
        yield from descendants(int(child))


def seconds_of(pid: int) -> float:
    """Processor seconds of a process so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK


def sail(place: Path, options: argparse.Namespace) -> tuple[int, Watch]:
    """Run `seatrial wire`, pinned and watched; its exit code."""
    scenario, seen = place / "wire-flow.yaml", place / "seen.json"
    text = SCENARIO.format(rate=options.rate, seconds=options.seconds, calm=CALM)
    scenario.write_text(text + (OURS if options.integration else ""))
    who = [f"--integration={options.integration}"] if options.integration else []
    command = [] if who else ["--", sys.executable, str(DRIVER), "--seen", str(seen)]
    argv = [
        sys.executable, "-c", "from seatrial.cli import main; main()", "wire", str(scenario), "--faults-at", "partner",
        "--out", str(place / "run"), *who, *command,
    ]  # fmt: skip
    harness = subprocess.Popen(argv, preexec_fn=lambda: os.sched_setaffinity(0, {0}))  # noqa: PLW1509 (one thread)
    watch, until = Watch(harness.pid, place / "run" / "load.jsonl"), time.time() + options.seconds + CALM + SPARE
    os.sched_setaffinity(0, {1})
    while harness.poll() is None:
        watch.look()
        time.sleep(0.1)
        if time.time() > until:
            harness.send_signal(signal.SIGINT)
            return harness.wait(60) or HARNESS_ERROR, watch
    return harness.returncode, watch


def whole(rows: pl.DataFrame) -> tuple[int, int]:
    """Orders placed, and those that went through the whole flow or were cancelled."""
    events, commits = rows.filter(kind="event"), rows.filter(kind="commit", outcome="created")
    placed = events.filter(operation="order.placed").select("correlation").unique()
    ended = events.filter(pl.col("operation").is_in(["cancellation.accepted"])).select("correlation").unique()
    columns = ("acknowledgement", "sales_order", "parcel", "shipment_confirmation", "shipment", "invoice")
    counts = placed
    for document in columns:
        found = commits.filter(document=document).group_by("correlation").agg(pl.len().alias(document))
        counts = counts.join(found, on="correlation", how="left")
    counts = counts.with_columns(pl.col(columns).fill_null(0)).with_columns(
        over=pl.col("correlation").is_in(ended["correlation"].implode())
    )
    parcels = pl.col("parcel")
    through = (pl.col("acknowledgement") == 1) & (pl.col("sales_order") == 1) & (parcels > 0)
    for document in columns[3:]:
        through &= pl.col(document) == parcels
    return counts.height, counts.filter(through | pl.col("over")).height


def quantile(values: list[float], share: float) -> float:
    """By nearest rank."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def links(scenario: Path) -> dict[str, tuple[float, float]]:
    """Median and 99th percentile of each partner's own link, in seconds."""
    expedition = embark(load_scenario(str(scenario)), 1, "resilient", lambda env: Evidence(clock_of(env)))
    partners = expedition.world.partners.items()
    return {n: (p.conduct.latency.quantile(0.5), p.conduct.latency.quantile(0.99)) for n, p in partners}


def tell_waits(name: str, waits: dict[str, list[float]], own: dict[str, tuple[float, float]]) -> float:
    """Print by how much calls took longer than their links; the most at the median, in seconds."""
    most = 0.0
    parts = []
    for partner, values in waits.items():
        if len(values) >= 1_000:  # fewer have no 99th percentile to speak of
            over = [quantile(values, share) - own[partner][place] for place, share in enumerate((0.5, 0.99))]
            parts.append(f"{partner} {over[0] * 1e3:.1f}/{over[1] * 1e3:.1f}")
            most = max(most, over[0])
    print(f"{name:11} beyond the link's own p50/p99 in ms: {', '.join(parts)}")
    return most


def tell_calls(rows: pl.DataFrame, own: dict[str, tuple[float, float]]) -> None:
    """Print what the partners saw."""
    calls = rows.filter(kind="call")
    ends = calls.filter(pl.col("outcome") != "ok").group_by("outcome").len().sort("outcome").rows()
    print(f"calls       {calls.height:,} at the partners; not ok: {dict(ends)}")
    plain = calls.filter(outcome="ok", rule="")
    tell_waits("partners", {p: plain.filter(partner=p)["latency"].to_list() for p in own}, own)
    hooks = rows.filter(kind="webhook").group_by("outcome").len().sort("outcome").rows()
    print(f"webhooks    {dict(hooks)}")


def judge(place: Path, code: int, watch: Watch, options: argparse.Namespace) -> bool:
    """Print all figures; whether the partners sustained the load."""
    folder = RunFolder.open(place / "run")
    rows = folder.scan().select("time", "kind", "partner", "operation", "document", "correlation", "outcome", "rule", pl.col("latency") / 1e6).collect()  # noqa: E501  # fmt: skip
    placed, done = whole(rows)
    ledger = [msgspec.json.decode(line, type=Placing) for line in (place / "run" / "load.jsonl").read_bytes().splitlines()]  # noqa: E501  # fmt: skip
    in_ledger, lags = sum(each.outcome == "placed" for each in ledger), [each.lag for each in ledger]
    expected = options.rate * options.seconds
    own = links(place / "wire-flow.yaml")
    most = 0.0
    tell_calls(rows, own)
    if not options.integration:
        seen = msgspec.json.decode((place / "seen.json").read_bytes(), type=Seen)
        most = tell_waits("client", seen.latencies, own)
        late = f"late by p99 {quantile(seen.lags, 0.99) * 1e3:.1f} ms"
        print(f"integration {seen.calls:,} calls, {seen.webhooks:,} webhooks, {seen.connections} connections, {late}")
        print(f"            repeats {seen.repeats}, refused {seen.refused}, {seen.open} steps left")
    spent = watch.since_the_first(options.seconds)
    each = ", ".join(f"{name} {seconds / max(1, placed) * 1e3:.2f} ms" for name, seconds in spent.items())
    print(f"processor   an order: {each}; harness {spent.get('harness', 0.0) / options.seconds:.2f} of its core")
    print(f"load        {in_ledger:,} orders, late by p50 {quantile(lags, 0.5) * 1e3:.1f}, p99 {quantile(lags, 0.99) * 1e3:.1f} ms")  # noqa: E501  # fmt: skip
    print(f"orders      {placed:,} placed of {expected:,} +- {4 * sqrt(expected):.0f}, {done:,} went through, {placed - done:,} did not")  # noqa: E501  # fmt: skip
    print(f"machine     load average {' '.join(f'{each:.1f}' for each in os.getloadavg())}; exit code {code}")
    laws = {
        "no error of the harness": code in (0, 1),
        "the account is complete": placed == in_ledger,
        "as many orders as a Poisson process": abs(placed - expected) <= 4 * sqrt(expected),
        f"{LEAST_DONE:.0%} through": done >= LEAST_DONE * placed,
        f"half of the calls at most {MOST_BEHIND * 1e3:.0f} ms beyond their links": most <= MOST_BEHIND,
    }
    for law, holds in laws.items():
        print(f"{'ok' if holds else 'FAILED':11} {law}")
    return all(laws.values())


def main() -> int:
    """Run, and judge."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rate", type=int, default=200, help="orders a second")
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--integration", default="", help="one of ours in place of the lean one")
    arguments.add_argument("--keep", type=Path, help="folder for scenario, run and figures, which stays")
    options = arguments.parse_args()
    if len(os.sched_getaffinity(0)) < LEAST_CORES:
        print("two processor cores are needed: skipped")
        return 0
    with TemporaryDirectory() as temporary:
        place = options.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        code, watch = sail(place, options)
        return 0 if judge(place, code, watch, options) else 1


if __name__ == "__main__":
    sys.exit(main())
