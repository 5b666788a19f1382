"""The whole flow against a bare SimPy skeleton that makes the same number of waits per order and nothing else.

Prints orders per second of processor time for both, their ratio (at least 1/8), and memory per finished order. The
skeleton that counts has as many orders alive as the flow, whose waits take days (docs/decisions/0011); the other one,
printed beside it, has 1,000.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
from collections.abc import Generator
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import simpy

from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.evidence import Evidence
from seatrial.sim.loop import relaxed_gc
from seatrial.sim.runfolder import RunFolder
from seatrial.sim.world import clock_of

LEAST = 1 / 8
ALIVE = 1_000
"""Orders alive at a time in the skeleton that is printed beside the one that counts."""
SCENARIO = """
name: flow-benchmark
asks: How many orders a second?
start: 2026-03-02 00:00:00
duration: {days} d
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
"""


def flow(orders: int, rate: float) -> tuple[int, int, float, float]:
    """Orders placed, events that SimPy processed, processor seconds and peak memory growth in bytes."""
    days = orders / rate / 24
    loaded = parse_scenario(SCENARIO.format(days=f"{days:.4f}", rate=rate))
    with TemporaryDirectory() as place:
        folder = RunFolder.create(place)
        expedition = embark(loaded, 1, "resilient", lambda env: Evidence(clock_of(env), folder.path))
        world = expedition.world
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, process_time()
        with relaxed_gc():
            world.run(expedition.factory, expedition.voyage)
        world.evidence.close()
        spent = process_time() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        placed = (
            RunFolder.open(place)
            .scan()
            .filter(kind="event", operation="order.placed")
            .select("number")
            .collect()
            .height
        )
    return placed, next(world.env._eid), spent, grown


def skeleton(orders: int, waits: int, alive: int) -> float:
    """Processor seconds of bare SimPy processes with so many waits each, so many of them alive at a time."""
    env, draw = simpy.Environment(), random.Random(1).random

    def order() -> Generator[simpy.Event, None, None]:
        for _ in range(waits):
            yield env.timeout(draw())

    def source() -> Generator[simpy.Event, None, None]:
        gap = waits * 0.5 / alive
        for _ in range(orders):
            env.process(order())
            yield env.timeout(gap)

    env.process(source())
    began = process_time()
    with relaxed_gc():
        env.run()
    return process_time() - began


def main() -> int:
    """Run both in turn and print the medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--orders", type=int, default=10_000)
    arguments.add_argument("--rate", type=float, default=2_000, help="orders an hour")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--memory", action="store_true", help="one run, and memory per finished order")
    options = arguments.parse_args()
    ratios: list[float] = []
    for _ in range(1 if options.memory else options.rounds):
        wall = perf_counter()
        placed, events, spent, grown = flow(options.orders, options.rate)
        wall = perf_counter() - wall
        print(
            f"flow      {placed:,} orders {placed / spent:,.0f} orders/s of processor time, {wall:.1f} s on the clock"
        )
        if options.memory:
            print(f"memory    {grown / 1e6:,.0f} MB grown, {grown / placed:,.0f} bytes per order placed")
            return 0
        waits = round(events / placed)
        for alive in (ALIVE, placed // 2):  # for comparison; then as many as the flow has on average, which counts
            bare = skeleton(placed, waits, alive)
            print(f"skeleton  {placed / bare:,.0f} orders/s, {waits} waits each, {alive:,} alive: {bare / spent:.3f}")
        ratios.append(bare / spent)
    ratio = sorted(ratios)[len(ratios) // 2]
    print(f"ratio     {ratio:.3f} (at least {LEAST})")
    return 0 if ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
