"""Latency: how long the steps of the trade take, and the calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.findings import FIRST_KEYS
from seatrial.reports.journeys import order_journeys, parcel_journeys, return_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.percentiles import STATISTICS, spread
from seatrial.reports.reading import Definition, Reading, Subject

_ORDERS: Final = (
    ("placed", "captured"),
    ("placed", "validated"),
    ("placed", "acknowledged"),
    ("placed", "entered"),
    ("entered", "released"),
    ("placed", "released"),
    ("released", "shipped"),
    ("placed", "shipped"),
    ("invoiced", "settled"),
    ("placed", "settled"),
    ("cancel_asked", "cancel_answered"),
)
_BY_CHANNEL: Final = (("placed", "acknowledged"), ("placed", "released"), ("placed", "shipped"))
_PARCELS: Final = (("shipped", "confirmed"), ("shipped", "posted"), ("shipped", "invoiced"), ("shipped", "delivered"))
_RETURNS: Final = (("inspected", "credited"), ("inspected", "refunded"))
_STEPS: Final = tuple(f"{before}_to_{after}" for before, after in (*_ORDERS, *_PARCELS, *_RETURNS))


def _define(name: str, meaning: str, subject: Subject = "order") -> Iterable[Definition]:
    for statistic in STATISTICS:
        yield Definition(
            name=f"latency.{name}.{statistic}",
            unit="s",
            better="lower",
            meaning=f"{statistic} of the time {meaning}",
            subject=subject,
        )


def _words(step: str) -> str:
    return f"from {step.replace('_to_', ' to ').replace('_', ' ')}"


class Latency(Measure):
    """Time from one business step to the next, and of calls as their callers saw them.

    Formula: per order, parcel or return the first event of the later step minus the first event of the earlier one;
    those that never got there are no samples (`lost` counts them), nor those that took the steps the other way round.
    Percentiles by nearest rank, p95 of at least 20 and p99 of at least 100 samples. The steps from placed on also for
    each channel alone: `latency.placed_to_acknowledged.<channel>.p95`. Unit: s. Source: event rows; call rows for
    `latency.call.<partner>.<operation>`. Known as: order acknowledgement time (`latency.placed_to_acknowledged`, in EDI
    from 850 to 855), posting delay (`latency.shipped_to_posted`, `latency.shipped_to_invoiced`), order to cash
    (`latency.placed_to_settled`).
    """

    group = "headline"
    defines = (
        *(each for step in _STEPS for each in _define(step, _words(step))),
        *(
            each
            for before, after in _BY_CHANNEL
            for each in _define(f"{before}_to_{after}.*", f"{_words(f'{before}_to_{after}')}, of one channel")
        ),
        *_define("call.*", "of a call to one operation of one partner", ""),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Spread of every step and of every operation."""
        orders = log.derived(order_journeys)
        yield from self._steps(orders, _ORDERS, "orders")
        yield from self._steps(log.derived(parcel_journeys), _PARCELS, "parcels")
        yield from self._steps(log.derived(return_journeys), _RETURNS, "returns")
        for channel in orders["partner"].cast(pl.String).unique().sort():
            yield from self._steps(orders.filter(pl.col("partner") == channel), _BY_CHANNEL, "orders", f".{channel}")
        yield from self._calls(log.calls)

    def _steps(
        self, table: pl.DataFrame, steps: Iterable[tuple[str, str]], what: str, channel: str = ""
    ) -> Iterable[Reading]:
        for before, after in steps:
            began = table.filter(pl.col(before).is_not_null())
            never = began[after].null_count()
            took = began.select("correlation", (pl.col(after) - pl.col(before)).alias("took")).filter(
                pl.col("took") >= 0
            )
            longest = took.sort("took", descending=True, maintain_order=True)["correlation"].head(FIRST_KEYS).to_list()
            detail = f"{never} of {began.height} {what} never got there" if never else ""
            name = f"latency.{before}_to_{after}{channel}"
            yield from spread(name, took["took"], self.reading, detail=detail, keys=longest)

    def _calls(self, calls: pl.DataFrame) -> Iterable[Reading]:
        name = pl.concat_str("partner", pl.lit("."), "operation").alias("name")
        piles = calls.group_by("partner", "operation").agg("latency").select(name, "latency").sort("name")
        for operation, latencies in piles.iter_rows():
            yield from spread(f"latency.call.{operation}", pl.Series(latencies), self.reading)
