"""Step SLA: how often the trade took a step in the time that was agreed for it."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from seatrial.reports.facts import STEP_TARGETS, Facts
from seatrial.reports.findings import FIRST_KEYS
from seatrial.reports.journeys import order_journeys, parcel_journeys, return_journeys
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading


class StepSla(Measure):
    """Business service levels: steps of the trade that were taken within their target.

    Formula: for each step the orders, parcels or returns that took it within the target that the scenario sets
    (`service_targets`), divided by those that took it at all or had the time to: those that began it at least the
    target before the end of the run. Orders that were cancelled or rejected before they took it do not count. Unit:
    share. Source: event rows. Known as: service level agreement, order-to-cash step compliance.
    """

    group = "orders"
    defines = tuple(
        Definition(
            name=f"step_sla.{step}",
            unit="share",
            better="higher",
            meaning=f"steps from {step.replace('_to_', ' to ').replace('_', ' ')} within their target",
            subject="order",
        )
        for step in STEP_TARGETS
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Hold every step against its target."""
        tables = (log.derived(order_journeys), log.derived(parcel_journeys), log.derived(return_journeys))
        for step, usual in STEP_TARGETS.items():
            before, _, after = step.partition("_to_")
            table = next(each for each in tables if {before, after} <= set(each.columns))
            target = int(facts.targets.get(step, usual) * SECOND)
            yield self._share(f"step_sla.{step}", table, (before, after), target, log.end)

    def _share(self, name: str, table: pl.DataFrame, step: tuple[str, str], target: int, end: int) -> Reading:
        before, after = (pl.col(stage) for stage in step)
        took = after - before
        over = [pl.col(stage) for stage in ("cancelled", "rejected") if stage in table.columns and stage not in step]
        called_off = pl.any_horizontal(each.is_not_null() for each in over) if over else pl.lit(False)
        overdue = after.is_null() & (before + target <= end) & ~called_off
        due = table.filter(before.is_not_null() & ((took >= 0) | overdue))
        if not due.height:
            return self.reading(name, None, detail="nothing had to take this step")
        late = due.filter(after.is_null() | (took > target))
        keys = late["correlation"].head(FIRST_KEYS).to_list()
        return self.reading(name, 1 - late.height / due.height, due.height, keys=keys)
