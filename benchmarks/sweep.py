"""How much faster a suite of short runs is on all cores than on one, and on a local Dask cluster beside it.

    python benchmarks/sweep.py [--runs 200] [--jobs 2] [--no-dask]

The same runs each time, evidence and judgement included, in the same process run. Start-up, until every process is
ready for its first run, is printed and counts. The ratio has to reach 0.9 for each process: 1.8 times one core on two.
Every way has to give the same digests. On a machine with neighbours processor time is the steadier figure: where it is
the same each time, nothing but the neighbours stands in the way.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from seatrial.suite_crew import LOCAL, Crew
from seatrial.suite_log import Suite
from seatrial.suite_plan import Plan, passages
from seatrial.suite_voyage import carry_on, crew_of, survey
from seatrial.suite_watch import Unwatched

EACH = 0.9
SCENARIO = """\
name: short
asks: How many runs a second?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 12 h
demand: {kind: synthetic, arrivals: {kind: constant, rate: 6/h}, skus: 20, returns: 0, cancellations: 0}
faults:
  - {fault: lost_reply, at: erp.create_sales_order, nth: 1, times: 3}
"""


class Ready:
    """A crew that is waited for before its first run, so that its start-up can be told."""

    def __init__(self, make: Callable[[], Crew], hands: int) -> None:
        began = perf_counter()
        self.crew = make()
        while self.crew.free() < hands:
            self.crew.news(0.01)
            sleep(0.001)
        self.startup = perf_counter() - began


def processor() -> float:
    """Processor seconds of this process and of all that it has started and seen the end of."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def sweep(place: Path, runs: int, ready: Ready) -> Suite:
    """One suite; every run is made."""
    scenario = place / "short.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    plan = Plan(place / "out", passages([scenario], (), range(1, runs + 1)))
    return carry_on(plan, survey(plan), lambda _: ready.crew, Unwatched())


def told(name: str, runs: int, hands: int, dask: str = "") -> tuple[float, list[str]]:
    """Seconds of a suite, start-up included, and its digests."""
    before = processor()
    with TemporaryDirectory() as place:
        ready = Ready(lambda: crew_of(dask, hands), hands)
        suite = sweep(Path(place), runs, ready)
    ended = suite.counted("passed") + suite.counted("inconclusive")  # in one seed or another no order meets the fault
    assert ended == runs, [(run.seed, run.outcome, run.why) for run in suite.runs if run.outcome != "passed"]
    total = ready.startup + suite.seconds
    at_work = sum(run.seconds for run in suite.runs) / hands / total
    print(
        f"{name:<18} {runs} runs in {total:6.1f} s, of which start-up {ready.startup:.2f} s; "
        f"{runs / total:.1f} runs/s, {processor() - before:.1f} s of processor time, hands busy {at_work:.0%}"
    )
    return total, [run.digest for run in suite.runs]


def main() -> int:
    """Run all and print the ratios."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=200)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--no-dask", action="store_true")
    options = arguments.parse_args()
    one, wanted = told("one process", options.runs, 1)
    many, digests = told(f"{options.jobs} processes", options.runs, options.jobs)
    same = digests == wanted
    if not options.no_dask:
        cluster, digests = told(f"{options.jobs} Dask workers", options.runs, options.jobs, LOCAL)
        same = same and digests == wanted
        print(f"ratio on Dask      {one / cluster:.2f}")
    least = EACH * options.jobs
    print(f"ratio              {one / many:.2f} (at least {least:.1f}); digests {'the same' if same else 'DIFFER'}")
    return 0 if same and one / many >= least else 1


if __name__ == "__main__":
    sys.exit(main())
