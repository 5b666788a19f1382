"""Laws of evidence that is watched: a watcher sees every row once and in order, and the log is the same as ever."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seatrial.sim.evidence import Evidence
from seatrial.sim.live_evidence import LiveEvidence
from seatrial.sim.rows import WIDTH


class Watcher:
    def __init__(self) -> None:
        self.keys: list[object] = []
        self.batches = 0

    def __call__(self, cells: Sequence[object]) -> None:
        assert len(cells) % WIDTH == 0
        self.keys += cells[5::WIDTH]
        self.batches += 1


def written(evidence: Evidence, rows: int) -> None:
    for number in range(rows):
        if number % 3:
            evidence.event("order.placed", "storefront", str(number), "")
        else:
            evidence.note("retry", str(number))


@pytest.mark.parametrize("part_rows", [1, 2, 7, 100])
@pytest.mark.parametrize("keep", [True, False])
def test_a_watcher_sees_every_row_once_and_in_order(part_rows: int, keep: bool) -> None:
    """Whether rows are asked for, or leave memory before somebody asks."""
    evidence = LiveEvidence(lambda: 0.0, part_rows=part_rows, keep=keep)
    watcher = Watcher()
    evidence.watch(watcher)
    written(evidence, 10)
    evidence.hand_over()
    evidence.hand_over()
    written(evidence, 15)
    evidence.close()
    assert watcher.keys == [str(number) for number in (*range(10), *range(15))]


def test_who_comes_late_hears_what_comes_then() -> None:
    """A second watcher is told nothing of the past."""
    evidence = LiveEvidence(lambda: 0.0)
    first, second = Watcher(), Watcher()
    evidence.watch(first)
    written(evidence, 3)
    evidence.watch(second)
    written(evidence, 2)
    evidence.hand_over()
    assert (len(first.keys), len(second.keys)) == (5, 2)


def test_watching_changes_no_evidence() -> None:
    """The digest is that of a log that nobody watches."""
    plain, live = Evidence(lambda: 0.0, part_rows=8), LiveEvidence(lambda: 0.0, part_rows=8)
    live.watch(Watcher())
    for evidence in (plain, live):
        written(evidence, 50)
        evidence.close()
    assert live.digest() == plain.digest()
    assert live.frame().equals(plain.frame())


def test_what_is_not_kept_takes_no_room() -> None:
    """Rows are counted and dropped, page by page; what lies in memory stays below one page."""
    evidence = LiveEvidence(lambda: 0.0, part_rows=10, keep=False)
    written(evidence, 10_005)
    assert len(evidence._cells) <= 10 * WIDTH
    evidence.close()
    assert evidence.rows_written == 10_005
    assert evidence.parts_written == 0
    assert evidence.frame().height == 0
