"""What a measure reads depends on what happened, and on nothing else of the log."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.reports.documents import CLASSES, FLOW
from seatrial.reports.facts import Facts
from seatrial.reports.judge import read_all
from seatrial.reports.logbook import Logbook
from seatrial.voyage import run

Readings = dict[str, tuple[float | None, int]]
SHORT = {"duration": "6 h", "calm": "3 d", "demand.arrivals.rate": "60/h"}
SAME = ("kind", "partner", "operation", "key", "document_id")
"""What is the same for rows whose order among themselves is what they say: levels of one record, calls for one thing.
"""


@cache
def evidence() -> pl.DataFrame:
    """What the naive integration left behind where webhooks come twice: every kind of row, and many duplicates."""
    return run("duplicate-webhooks", integration="naive", settings=SHORT).evidence


def read(evidence: pl.DataFrame | pl.LazyFrame) -> Readings:
    return {each.name: (each.value, each.samples) for each in read_all(Logbook(evidence), Facts())}


@cache
def plain() -> Readings:
    return read(evidence())


def agree(left: Readings, right: Readings) -> bool:
    return left.keys() == right.keys() and all(
        left[name][1] == right[name][1] and left[name][0] == pytest.approx(right[name][0], nan_ok=True) for name in left
    )


def shuffled(rows: pl.DataFrame, chance: Random) -> pl.DataFrame:
    """Rows of one instant in another order; those of one record or one thing stay in theirs."""
    drawn = rows.with_columns(pl.Series("draw", [chance.random() for _ in range(rows.height)]))
    places = drawn.with_columns(pl.col("draw").sort().over("time", *SAME, mapping_strategy="group_to_rows"))
    mixed = places.sort("time", "draw", maintain_order=True).drop("draw", "number")
    return mixed.with_row_index("number").cast({"number": pl.Int64}).select(rows.columns)


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
def test_the_order_of_rows_of_one_instant_does_not_matter(draw: int) -> None:
    """Permuting evidence rows of equal time changes no value and no number of samples of any measure."""
    mixed = shuffled(evidence(), Random(draw))
    assert not mixed.equals(evidence())
    assert agree(read(mixed), plain())


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CLASSES), st.integers(0, 10**6))
def test_one_more_document_is_one_more_duplicate(document: str, draw: int) -> None:
    """A second copy of a live document raises the duplicates of its class, and of the flow, by exactly one."""
    rows = evidence()
    made = rows.filter((pl.col("kind") == "commit") & (pl.col("document") == document))
    gone = made.filter(pl.col("outcome") == "reversed").select("key")
    alive = made.filter(pl.col("outcome") == "created").join(gone, on="key", how="anti")
    if not alive.height:
        return
    twin = alive[draw % alive.height].with_columns(
        pl.lit(rows.height, pl.Int64).alias("number"),
        pl.lit(rows["time"].max(), pl.Int64).alias("time"),
        pl.lit("TWIN").alias("document_id"),
    )
    found, before = read(pl.concat([rows, twin])), plain()
    for name in (f"duplicates.{document}", *(("duplicates.total",) if document in FLOW else ())):
        assert (found[name][0] or 0) - (before[name][0] or 0) == 1, name


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 60_000), max_size=9))
def test_where_the_log_was_cut_into_parts_does_not_matter(tmp_path: Path, cuts: list[int]) -> None:
    """However rows are spread over parts, every reading is the same."""
    rows, begin, paths = evidence(), 0, []
    for number, end in enumerate([*sorted({cut for cut in cuts if cut < rows.height}), rows.height]):
        paths.append(tmp_path / f"part-{number:05}.parquet")
        rows[begin:end].write_parquet(paths[-1])
        begin = end
    assert agree(read(pl.scan_parquet(paths)), plain())
