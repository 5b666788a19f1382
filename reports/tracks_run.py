"""The run on tracks: every order from stage to stage, the fault windows, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import polars as pl

from seatrial.reports.curves import backlog, erp_gaps, total_curve
from seatrial.reports.facts import Facts
from seatrial.reports.journeys import ORDER_STAGES, order_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.tracks import FAULTS, ORDERS, written
from seatrial.reports.windows import fault_windows

_STEPS: Final = ("placed", "entered", "released", "packed", "shipped", "delivered", "settled")
"""Stages between which an order's slice is divided."""
_LAST: Final = 99
"""Place of the end of an order, after all of its steps."""


def run_events(log: Logbook, facts: Facts) -> Iterator[pl.DataFrame]:
    """Orders, fault windows and counters."""
    yield from _orders(log.derived(order_journeys))
    yield from _windows(log, facts)
    yield _counter(log.derived(backlog), "orders waiting for release", "orders")
    yield _counter(total_curve(log.derived(erp_gaps)), "units adrift in the ERP", "units")


def _orders(orders: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """A slice per order, named after its channel, and in it one for each step that it took in order."""
    placed = orders.filter(pl.col("placed").is_not_null()).with_columns(pl.col("partner").cast(pl.String))
    over = pl.max_horizontal(list(ORDER_STAGES))
    same = {"cat": pl.lit("order"), "id": pl.col("correlation"), "pid": pl.lit(ORDERS), "tid": pl.lit(0)}
    told = pl.struct(order="correlation", units="units", amount="amount")
    name = pl.col("partner")
    yield written(placed, 0, name=name, ph=pl.lit("b"), ts=pl.col("placed"), **same, args=told)
    for place, (left, right) in enumerate(pairwise(_STEPS)):
        went = placed.filter(pl.col(left) <= pl.col(right))
        step = same | {"name": pl.lit(f"{left} → {right}")}
        yield written(went, 2 * place + 1, ph=pl.lit("b"), ts=pl.col(left), **step)
        yield written(went, 2 * place + 2, ph=pl.lit("e"), ts=pl.col(right), **step)
    yield written(placed, _LAST, name=name, ph=pl.lit("e"), ts=over, **same)


def _windows(log: Logbook, facts: Facts) -> Iterator[pl.DataFrame]:
    schema = {"number": pl.Int64, "rule": pl.String, "begin": pl.Int64, "end": pl.Int64}
    windows = pl.DataFrame([(0, *window) for window in fault_windows(log, facts)], schema=schema, orient="row")
    same = {"cat": pl.lit("fault"), "id": pl.col("rule"), "name": pl.col("rule")}
    same |= {"pid": pl.lit(FAULTS), "tid": pl.lit(0)}
    yield written(windows, 0, ph=pl.lit("b"), ts=pl.col("begin"), **same)
    yield written(windows, 1, ph=pl.lit("e"), ts=pl.col("end"), **same)


def _counter(curve: pl.DataFrame, name: str, unit: str) -> pl.DataFrame:
    numbered = curve.with_columns(pl.col("time").alias("number"))
    told = pl.struct(pl.col(unit))
    place = {"pid": pl.lit(ORDERS), "tid": pl.lit(0)}
    return written(numbered, 0, name=pl.lit(name), ph=pl.lit("C"), ts=pl.col("time"), **place, args=told)
