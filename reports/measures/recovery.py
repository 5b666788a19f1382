"""Recovery: how long after a fault the trade was back to what it was before."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import polars as pl

from seatrial.reports.bands import OPEN, QUEUES, duplicate_breaks, first_quiet, latency_breaks, queue_breaks
from seatrial.reports.facts import Facts
from seatrial.reports.findings import FIRST_KEYS
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import NEVER, Definition, Reading
from seatrial.reports.verdict import RuleCoverage
from seatrial.reports.windows import coverage

_MEANING = "minutes from the end of a fault to the moment after which all is as before it"


class Recovery(Measure):
    """Time from the end of a fault's window to the first moment after which nothing is worse than before the fault.

    Formula: the first moment after which, until the next fault begins, (1) no queue is for ten minutes or more above
    1.25 times its highest length in the day before the fault plus 2 (in a run younger than an hour: 5, or ten minutes'
    worth of orders); queues are orders placed and neither released, back-ordered, cancelled nor rejected, and orders
    packed and not labelled; (2) the median wait from placed to released over ten minutes, of three orders or more, is
    at most 1.25 times its highest before the fault plus five minutes; (3) no document lives twice that did not before
    the fault. An integration that ended by itself before that moment never recovers. Channels and queues that move in
    batches (median wait over an hour) do not count for (1) and (2). What has not recovered when the next fault begins
    is looked for after that one, too. Never is a value, and makes the mean never. Unit: min. Source: event, commit and
    note rows, windows of the rules; rules that never fired give none. Known as: mean time to recovery, MTTR (ITIL: mean
    time to restore service), for `recovery.mean`.
    """

    group = "headline"
    defines = (
        Definition(
            name="recovery.max", unit="min", better="lower", meaning=f"the longest of all: {_MEANING}", subject="rule"
        ),
        Definition(name="recovery.mean", unit="min", better="lower", meaning=f"the mean of all: {_MEANING}"),
        Definition(
            name="recovery.*",
            unit="min",
            better="lower",
            meaning=f"{_MEANING}, by rule",
            code="NEVER_RECOVERED",
            above=sys.float_info.max,
            title="after the fault the trade never came back to what it was before",
            subject="rule",
            part_of="recovery.max",
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """One reading per rule, and the longest."""
        rules = coverage(log, facts)
        begins = sorted({int(rule.begin * SECOND) for rule in rules if rule.fired})
        dead = _died(log, facts)
        times: dict[str, float] = {}
        for rule in rules:
            if not rule.fired:
                yield self.reading(f"recovery.{rule.rule}", None, detail="the rule never fired")
                continue
            times[rule.rule] = self._minutes(log, rule, begins, dead)
            yield self.reading(f"recovery.{rule.rule}", times[rule.rule], rule.fired)
        detail = "" if times else "no fault struck"
        slowest = sorted((name for name, time in times.items() if time), key=lambda name: -times[name])
        longest = max(times.values(), default=0.0)
        yield self.reading("recovery.max", longest, len(times), detail=detail, keys=slowest[:FIRST_KEYS])
        mean = sum(times.values()) / len(times) if times else 0.0
        yield self.reading("recovery.mean", mean, len(times), detail=detail)

    def _minutes(self, log: Logbook, rule: RuleCoverage, begins: list[int], dead: int) -> float:
        begin, end = int(rule.begin * SECOND), int(rule.end * SECOND)
        breaks = [
            *(stretch for queue in QUEUES for stretch in queue_breaks(log, queue, begin, end)),
            *latency_breaks(log, begin, end),
            *duplicate_breaks(log, begin, end),
        ]
        horizons = [*(later for later in begins if later > end), max(log.end, end) + 1]
        quiet = first_quiet(breaks, end, horizons)
        return NEVER if quiet is None or quiet >= dead else (quiet - end) / SECOND / 60


def _died(log: Logbook, facts: Facts) -> int:
    """Microsecond at which the integration ended by itself."""
    crashes = log.notes.filter(pl.col("operation") == "crash")["time"].to_list()
    return OPEN if not facts.died else crashes[-1] if crashes else 0
