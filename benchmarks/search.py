"""Speed of a search: short storms a second on one core, beside bare runs of the same orders in the same process.

The baseline is the world of the same 20 orders without faults, built and sailed and not looked at. A storm costs more
by what makes a search: drawing it, three rules at most, the dice that order its tasks, a glance at its rows, and the
judge for those that he has to look at. Both are measured in CPU time, so that what else the machine does matters less.

A search has storms of fewer rules as well: what those cost that have all three, and all orders, is measured beside it.

It is done with an integration that has one duty, and with one that does the whole flow; each over typed clients, and
each over httpx, as code of others does it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time
from typing import Final, NamedTuple

import msgspec
from hypothesis import HealthCheck, given, settings

import seatrial.mocks.integrations
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario
from seatrial.searching import SearchResult, Watcher, search
from seatrial.sim.evidence import Evidence
from seatrial.sim.world import clock_of
from seatrial.storms import Storm, calm_water
from seatrial.strategies import MAX_RULES, storms
from seatrial.trial import Trial, sea

ORDERS, ROUNDS, LEAST_RATIO = 20, 3, 0.5
"""`LEAST_RATIO`: storms searched in the time of one bare run; what is lower has become slow."""
HERE: Final = Path(__file__).parent
FAILURES: Final = HERE.parent / "tests/known_failures"


class Case(NamedTuple):
    """A search whose pace is measured."""

    name: str
    scenario: str
    settings: dict[str, str]
    """So that the orders come that are asked for."""
    integration: str
    runs: int
    """Bare runs of a round."""
    storms: int
    """Storms of a round: first come two of each kind of fault, and those that make an integration go in circles take
    the time of ten.
    """


LONG: Final = "30 min"
"""Time that never runs out: storms are counted, so that they are the same on any machine."""
DUTY: Final = (str(FAILURES / "polled-orders.yaml"), {"duration": "30 s"})
FLOW: Final[tuple[str, dict[str, str]]] = ("open-water", {})
CASES: Final = (
    Case("one duty, typed clients", *DUTY, "polled_orders", 300, 400),
    Case("one duty, httpx", *DUTY, f"{FAILURES / 'timeout_without_key.py'}:good", 100, 200),
    Case("the whole flow, typed clients", *FLOW, "resilient", 150, 200),
    Case("the whole flow, httpx", *FLOW, f"{HERE.parent / 'examples/python-async/main.py'}:main", 20, 100),
)


def bare(calm: Storm, integration: str, runs: int) -> float:
    """Bare runs in a second of CPU time."""
    loaded = calm.loaded
    with sea(integration):
        begin = process_time()
        for seed in range(runs):
            ready = embark(loaded, seed, integration, lambda env: Evidence(clock_of(env)))
            ready.world.run(ready.factory, ready.voyage)
        return runs / (process_time() - begin)


def searched(case: Case, seed: int) -> tuple[float, SearchResult]:
    """Storms in a second of CPU time, until one does harm; to make that one smaller is another matter."""
    ends = [process_time()]

    def shrinking(*_: object) -> None:
        ends.append(process_time())

    watcher = Watcher(shrinking=shrinking)
    result = search(
        load_scenario(case.scenario, case.settings),
        integration=case.integration,
        budget=LONG,
        runs=case.storms,
        orders=ORDERS,
        seed=seed,
        watcher=watcher,
    )
    ends.append(process_time())
    return result.explored.runs / (ends[1] - ends[0]), result


def full(case: Case, calm: Storm) -> float:
    """Storms in a second of CPU time that have as many rules as any, and all orders; the drawing of them included."""
    drawn: list[Storm] = []
    wanted = storms(calm.base, orders=ORDERS, integration=case.integration)

    slow = (HealthCheck.too_slow, HealthCheck.filter_too_much)

    @settings(max_examples=case.runs, database=None, suppress_health_check=slow, deadline=None)
    @given(wanted.filter(lambda storm: len(storm.rules) == MAX_RULES))
    def draw(storm: Storm) -> None:
        drawn.append(msgspec.structs.replace(storm, demand=calm.demand))

    with sea(case.integration):
        begin = process_time()
        draw()
        for storm in drawn:
            assert not Trial(storm, case.integration).codes, f"{case.name}: {storm.rules} did harm"
        return len(drawn) / (process_time() - begin)


def measured(case: Case) -> bool:
    """Print the best of some rounds; whether the search is as fast as it should be."""
    calm = calm_water(load_scenario(case.scenario, case.settings), ORDERS)
    assert len(calm.demand.orders) == ORDERS, f"{case.name}: only {len(calm.demand.orders)} orders come"
    bare(calm, case.integration, case.runs)
    pairs = [(bare(calm, case.integration, case.runs), *searched(case, seed)) for seed in range(1, ROUNDS + 1)]
    plain, storms = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    explored, whole = pairs[-1][2].explored, full(case, calm)
    print(f"{case.name}, {ORDERS} orders")
    print(f"  bare runs         {plain:6.1f} a second of one core")
    print(f"  storms searched   {storms:6.1f} a second of one core, {storms / plain:.2f} of the bare ones")
    print(f"  with {MAX_RULES} rules each {whole:6.1f} a second of one core")
    print(
        f"{'':20}{explored.runs} runs explored {explored.rules} rules and {explored.pairs} pairs of kinds", flush=True
    )
    return storms / plain >= LEAST_RATIO


def main() -> int:
    """Fail where a search has become slow."""
    seatrial.mocks.integrations.__path__.append(str(HERE / "typed"))
    kept = [measured(case) for case in CASES]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
