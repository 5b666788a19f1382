"""What is said of a second voyage that went another way: what differs, and never two equal things."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from seatrial.twice import Again, Diverged, check_same
from seatrial.voyage import run

ROW = 102


@pytest.fixture(scope="module")
def log() -> pl.DataFrame:
    return run("open-water", seed=1, integration="naive").evidence


def changed(log: pl.DataFrame, **cells: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """The log with other cells in one of its rows."""
    here = pl.int_range(pl.len()) == ROW
    others = [pl.when(here).then(new(pl.col(name))).otherwise(pl.col(name)).alias(name) for name, new in cells.items()]
    return log.with_columns(others).select(log.columns)


def said(first: pl.DataFrame, second: pl.DataFrame) -> str:
    with pytest.raises(Diverged) as told:
        check_same(first, Again("", "", 1, ""), lambda: second)
    assert "  " not in str(told.value)
    return str(told.value).split(" · ")[0].partition(": ")[2]


def seconds(log: pl.DataFrame, name: str) -> float:
    return float(log[name][ROW]) / 1e6


def test_another_time_is_told_as_times(log: pl.DataFrame) -> None:
    """The commonest: the same thing happened, only later, or took longer."""
    at, took = seconds(log, "time"), seconds(log, "latency")
    told = said(log, changed(log, time=lambda cell: cell + 212_000))
    assert told.startswith(f"row {ROW} came at {at:.3f} s, and then {at + 0.212:.3f} s ({log['kind'][ROW]} ")
    told = said(log, changed(log, time=lambda cell: cell + 7, latency=lambda cell: cell + 2_000))
    assert (
        f"came at {at:.6f} s, and then {at + 7e-6:.6f} s and took {took:.3f} s, and then {took + 0.002:.3f} s" in told
    )


def test_another_column_is_told_by_name(log: pl.DataFrame) -> None:
    """With both of its values."""
    amount = log["amount"][ROW]
    assert f"row {ROW} had amount {amount}, and then {amount + 1} (" in said(log, changed(log, amount=lambda c: c + 1))


def test_another_thing_is_told_as_a_whole(log: pl.DataFrame) -> None:
    """What happened the first time, and what in its place; the end is one, too."""
    assert f", row {ROW}, it was " in said(log, changed(log, operation=lambda _: pl.lit("elsewhere")))
    assert said(log, log.head(ROW)).endswith("and then over")
