"""Speed of a search: short storms a second on one core, beside bare runs of the same orders in the same process.

The baseline is the world of the same 20 orders without faults, built and sailed and not looked at. A storm costs more
by what makes a search: drawing it, three rules at most, the dice that order its tasks, a glance at its rows, and the
judge for those that he has to look at. Both are measured in CPU time, so that what else the machine does matters less.

It is done with our own integration and its typed clients, and with a whole one of somebody else, over httpx.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time

from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario
from seatrial.searching import SearchResult, Watcher, search
from seatrial.sim.evidence import Evidence
from seatrial.sim.world import clock_of
from seatrial.storms import Storm, calm_water
from seatrial.trial import sea

ORDERS, ROUNDS, LEAST_RATIO = 20, 3, 0.55
"""`LEAST_RATIO`: storms searched in the time of one bare run; what is lower has become slow."""
EXAMPLE = Path(__file__).parent.parent / "examples/python-async/main.py"
INTEGRATIONS = {"typed clients": ("resilient", 150, 8.0), "httpx": (f"{EXAMPLE}:main", 20, 30.0)}
"""Integration, bare runs of a round, and seconds of a search: it begins with one storm of each kind, and those that
make an integration go in circles take the time of ten."""


def bare(calm: Storm, integration: str, runs: int) -> float:
    """Bare runs in a second of CPU time."""
    loaded = calm.loaded
    with sea(integration):
        begin = process_time()
        for seed in range(runs):
            ready = embark(loaded, seed, integration, lambda env: Evidence(clock_of(env)))
            ready.world.run(ready.factory, ready.voyage)
        return runs / (process_time() - begin)


def searched(seed: int, integration: str, budget: float) -> tuple[float, SearchResult]:
    """Storms in a second of CPU time, until one does harm; to make that one smaller is another matter."""
    ends = [process_time()]

    def shrinking(*_: object) -> None:
        ends.append(process_time())

    watcher = Watcher(shrinking=shrinking)
    result = search("open-water", integration=integration, budget=budget, orders=ORDERS, seed=seed, watcher=watcher)
    ends.append(process_time())
    return result.explored.runs / (ends[1] - ends[0]), result


def measured(calm: Storm, name: str, integration: str, runs: int, budget: float) -> bool:
    """Print the best of some rounds; whether the search is as fast as it should be."""
    bare(calm, integration, runs)
    pairs = [(bare(calm, integration, runs), *searched(seed, integration, budget)) for seed in range(1, ROUNDS + 1)]
    plain, storms = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    explored = pairs[-1][2].explored
    print(f"{name}, {ORDERS} orders")
    print(f"  bare runs         {plain:6.1f} a second of one core")
    print(f"  storms searched   {storms:6.1f} a second of one core, {storms / plain:.2f} of the bare ones")
    print(f"{'':20}{explored.runs} runs explored {explored.rules} rules and {explored.pairs} pairs of kinds")
    return storms / plain >= LEAST_RATIO


def main() -> int:
    """Fail where a search has become slow."""
    calm = calm_water(load_scenario("open-water"), ORDERS)
    kept = [measured(calm, name, *each) for name, each in INTEGRATIONS.items()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
