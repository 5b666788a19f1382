"""The evidence: what is written is what is read, in its order, in flat memory, and the digest is always at hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.digest import digest_of
from seatrial.sim.errors import HarnessError
from seatrial.sim.events import Event
from seatrial.sim.evidence import Evidence
from seatrial.sim.parts import part_name
from seatrial.sim.rows import SCHEMA

ROW = (1.0, "call", "erp", "create_order", "order", "k", "c", 1, "ok", 201, 0.5, "SO-1", 2, 1250, "", "")


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def write_one_of_each(evidence: Evidence, clock: Clock) -> None:
    clock.now = 0.1
    evidence.call("erp", "create_order", "sales_order", "W1", "W1", 2, "timed_out", 0, 5.0, "lost-reply")
    evidence.call("erp", "create_order", "sales_order", "W1", "W1", 3, "rejected", 409, 0.02, "", code="order_closed")
    evidence.commit("erp", "create_order", "sales_order", "W1", "W1", "created", "SO-1", 3, 1250)
    evidence.event(Event.ORDER_ENTERED, "erp", "W1", "W1", 3, 1250, "SO-1")
    evidence.webhook("parcel-one", "label.created", "P1", "W1", 1, "ok", 200, 0.02, "L-1", "")
    clock.now = 86_400.0
    evidence.stock("erp", "book", "85123A", 41, "north")
    evidence.sale("store", "cancelled", "85123A", "W1", -3)
    evidence.fault("erp", "create_order", "lost_reply", "W1", "W1", 1, "mattered", "lost-erp")
    evidence.phase("chaos", "end", "lost-erp")
    evidence.note("exception_opened", "W1", "W1", "finance", 2, "price differs")


def test_every_kind_of_row_is_read_back_as_it_was_written() -> None:
    """Each cell stands under its column; what a kind does not know is "" or 0."""
    clock = Clock()
    evidence = Evidence(clock)
    write_one_of_each(evidence, clock)
    day = 86_400_000_000
    assert evidence.frame().rows() == [
        (0, 100_000, "call", "erp", "create_order", "sales_order", "W1", "W1", 2, "timed_out", 0, 5_000_000, "", 0, 0,
         "lost-reply", ""),
        (1, 100_000, "call", "erp", "create_order", "sales_order", "W1", "W1", 3, "rejected", 409, 20_000, "", 0, 0, "",
         "order_closed"),
        (2, 100_000, "commit", "erp", "create_order", "sales_order", "W1", "W1", 0, "created", 0, 0, "SO-1", 3, 1250,
         "", ""),
        (3, 100_000, "event", "erp", "order.entered", "", "W1", "W1", 0, "", 0, 0, "SO-1", 3, 1250, "", ""),
        (4, 100_000, "webhook", "parcel-one", "label.created", "", "P1", "W1", 1, "ok", 200, 20_000, "L-1", 0, 0, "",
         ""),
        (5, day, "stock", "erp", "book", "", "85123A", "", 0, "", 0, 0, "north", 41, 0, "", ""),
        (6, day, "sale", "store", "cancelled", "", "85123A", "W1", 0, "", 0, 0, "", -3, 0, "", ""),
        (7, day, "fault", "erp", "create_order", "lost_reply", "W1", "W1", 1, "mattered", 0, 0, "", 0, 0, "lost-erp",
         ""),
        (8, day, "phase", "world", "", "", "chaos", "", 0, "end", 0, 0, "", 0, 0, "lost-erp", ""),
        (9, day, "note", "integration", "exception_opened", "finance", "W1", "W1", 0, "", 0, 0, "price differs", 2, 0,
         "", ""),
    ]  # fmt: skip
    assert dict(evidence.frame().schema) == SCHEMA


@given(st.integers(0, 60), st.integers(1, 25))
def test_the_size_of_parts_changes_nothing_but_the_parts(rows: int, part_rows: int) -> None:
    """Rows, numbers and digest are the same for every part size; no part holds more rows than it may."""
    whole, parted = Evidence(Clock()), Evidence(Clock(), part_rows=part_rows)
    for number in range(rows):
        whole.append((*ROW[:5], f"k{number}", *ROW[6:]))
        parted.append((*ROW[:5], f"k{number}", *ROW[6:]))
    assert parted.frame().equals(whole.frame())
    assert parted.frame()["number"].to_list() == list(range(rows))
    assert parted.digest() == whole.digest() == digest_of([whole.frame()])
    assert parted.parts_written == -(-rows // part_rows)


def test_disk_and_memory_hold_the_same(tmp_path: Path) -> None:
    """The same rows give the same table and digest with and without a folder."""
    logs = [Evidence(clock := Clock(), folder, part_rows=4) for folder in (tmp_path, None)]
    for log in logs:
        write_one_of_each(log, clock)
        log.close()
    assert logs[0].frame().drop("time").equals(logs[1].frame().drop("time"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [part_name(number) for number in range(3)]
    assert digest_of([logs[0].frame()]) == logs[0].digest()


def test_a_full_part_leaves_memory_at_once(tmp_path: Path) -> None:
    """Rows wait in memory only until their part is full, whichever method wrote the last of them."""
    clock = Clock()
    evidence = Evidence(clock, tmp_path, part_rows=1)
    write_one_of_each(evidence, clock)
    evidence.append(ROW)
    assert evidence.rows_written == evidence.parts_written == 11


def test_a_log_can_be_closed_twice(tmp_path: Path) -> None:
    """Closing writes what is left; closing again writes nothing."""
    evidence = Evidence(Clock(), tmp_path)
    evidence.append(ROW)
    evidence.close()
    evidence.close()
    assert evidence.rows_written == evidence.parts_written == 1


def test_what_comes_after_the_end_is_no_evidence() -> None:
    """Rows written after the log was closed change neither its table nor its digest."""
    clock = Clock()
    evidence = Evidence(clock, part_rows=4)
    evidence.append(ROW)
    evidence.close()
    digest = evidence.digest()
    write_one_of_each(evidence, clock)
    evidence.close()
    assert (evidence.frame().height, evidence.rows_written, evidence.digest()) == (1, 1, digest)


@given(st.integers(0, 2**50), st.integers(0, 2**40))
def test_whole_microseconds_survive(time: int, latency: int) -> None:
    """A moment or latency of whole microseconds comes back as exactly these, over more than thirty years."""
    evidence = Evidence(Clock())
    evidence.append((time / 1e6, *ROW[1:10], latency / 1e6, *ROW[11:]))
    assert evidence.frame().select("time", "latency").row(0) == (time, latency)


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("time", None, "None in column 'time' of row 1"),
        ("time", float("nan"), "nan in column 'time'"),
        ("latency", float("inf"), "inf in column 'latency'"),
        ("latency", 1e300, "1e\\+300 in column 'latency'"),
        ("kind", "rumour", "row 1 has no kind of evidence"),
        ("partner", 3, "3 in column 'partner' of row 1 · the column takes String"),
        ("key", None, "None in column 'key' of row 1 · an empty cell is '' or 0"),
        ("key", "\ud800", "UTF-8"),
        ("status", 70_000, "70000 in column 'status' of row 1 · too large"),
        ("quantity", 1.5, "1.5 in column 'quantity' of row 1"),
        ("amount", 2**63, "too large for Int64"),
    ],
)
def test_what_is_no_evidence_is_named(column: str, cell: object, says: str) -> None:
    """A cell that a column cannot hold is a harness error which names value, column and row."""
    row = dict(zip(tuple(SCHEMA)[1:], ROW, strict=True)) | {column: cell}
    evidence = Evidence(Clock())
    evidence.append(ROW)
    evidence.append(tuple(row.values()))  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match=says):
        evidence.flush()


@pytest.mark.parametrize("row", [ROW[:-1], (*ROW, ""), ()])
def test_a_row_with_a_column_too_many_or_too_few_is_seen(row: tuple[object, ...]) -> None:
    """A row of another length never slips into the columns of the rows after it."""
    evidence = Evidence(Clock())
    for written in (ROW, row, ROW):
        evidence.append(written)  # type: ignore[arg-type]
    if row:
        with pytest.raises(HarnessError, match="columns"):
            evidence.flush()
    else:
        assert evidence.frame().height == 2


def test_zero_is_a_time_of_any_type() -> None:
    """A clock that starts at the whole number 0 and goes on in floats is as good as one of floats."""
    evidence = Evidence(Clock())
    for time in (0, 0.5, 1):
        evidence.append((time, *ROW[1:]))
    assert evidence.frame()["time"].to_list() == [0, 500_000, 1_000_000]


def test_a_log_without_rows_is_an_empty_table(tmp_path: Path) -> None:
    """Nothing written reads as a table with all columns and no rows."""
    for folder in (None, tmp_path):
        empty = Evidence(Clock(), folder).frame()
        assert (empty.height, dict(empty.schema)) == (0, SCHEMA)
        assert empty.filter(pl.col("kind") == "call").is_empty()
