"""Speed of a search: short storms a second on one core, beside bare runs of the same orders in the same process.

The baseline is the world of the same 20 orders without faults, built and sailed and not looked at. A storm costs more
by what makes a search: drawing it, three rules at most, the dice that order its tasks, a glance at its rows, and the
judge for those that he has to look at. Both are measured in CPU time, so that what else the machine does matters less.
"""

from __future__ import annotations

import sys
from time import process_time

from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario
from seatrial.searching import SearchResult, search
from seatrial.sim.evidence import Evidence
from seatrial.sim.world import clock_of
from seatrial.storms import Storm, calm_water
from seatrial.trial import sea

ORDERS, BARE, BUDGET, ROUNDS = 20, 150, 8.0, 3
LEAST_RATIO = 0.55
"""Storms searched in the time of one bare run; what is lower has become slow."""


def bare(calm: Storm) -> float:
    """Bare runs in a second of CPU time."""
    loaded = calm.loaded
    with sea():
        begin = process_time()
        for seed in range(BARE):
            ready = embark(loaded, seed, "resilient", lambda env: Evidence(clock_of(env)))
            ready.world.run(ready.factory, ready.voyage)
        return BARE / (process_time() - begin)


def searched(seed: int) -> tuple[float, SearchResult]:
    """Storms in a second of CPU time."""
    begin = process_time()
    result = search("open-water", integration="resilient", budget=BUDGET, orders=ORDERS, seed=seed)
    return result.explored.runs / (process_time() - begin), result


def main() -> int:
    """Print the best of some rounds, and fail where the search has become slow."""
    calm = calm_water(load_scenario("open-water"), ORDERS)
    bare(calm)
    pairs = [(bare(calm), *searched(seed)) for seed in range(1, ROUNDS + 1)]
    plain, storms = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    explored = pairs[-1][2].explored
    print(f"bare runs of {ORDERS} orders   {plain:6.1f} a second of one core")
    print(f"storms searched          {storms:6.1f} a second of one core, {storms / plain:.2f} of the bare ones")
    told = f"{explored.runs} runs explored {explored.rules} rules and {explored.pairs} pairs of kinds"
    print(f"{'':25}{told}")
    return 0 if storms / plain >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
