"""The log of a run that somebody watches while it goes on: what was appended is handed on in batches."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Final

import polars as pl

from seatrial.sim.evidence import Evidence
from seatrial.sim.rows import SCHEMA, WIDTH, Cells, TooLarge

_MOST: Final = 10**15
"""Number beyond which no quantity or amount makes sense."""
_SMALL: Final = 2**15 - 1
_KINDS: Final = tuple(kind for name, kind in SCHEMA.items() if name != "number")
Watch = Callable[[Cells], None]
"""Takes cells of whole rows, `seatrial.sim.rows.WIDTH` a row, each row once and in order."""


class LiveEvidence(Evidence):
    """Evidence with watchers. Appending costs what it always costs: rows are handed on when somebody asks, and before
    they leave memory.

    With `keep=False` nothing is kept: full pages are counted and dropped, for worlds that stand for days and that
    nobody is going to judge.

    Programs of others may name any number: one beyond a thousand million millions stands as just that in the log, where
    a run in virtual time is refused.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        folder: Path | None = None,
        *,
        part_rows: int = 65_536,
        keep: bool = True,
    ) -> None:
        self._watchers: list[Watch] = []
        self._handed = 0
        self._keep = keep
        super().__init__(clock, folder, part_rows=part_rows)

    def watch(self, watch: Watch) -> None:
        """Have somebody told of every row from now on."""
        self.hand_over()
        self._watchers.append(watch)

    def hand_over(self) -> None:
        """Tell the watchers what was appended since they were last told."""
        cells = self._cells
        end = len(cells) - len(cells) % WIDTH
        if self._handed >= end:
            return
        fresh, self._handed = cells[self._handed : end], end
        for watch in self._watchers:
            watch(fresh)

    def flush(self) -> None:
        """Hand on and write the rows in memory."""
        self.hand_over()
        self._handed = 0
        if self._keep:
            try:
                super().flush()
            except TooLarge:
                self._cells[:] = [_bounded(*pair) for pair in zip(self._cells, cycle(_KINDS), strict=False)]
                super().flush()
            return
        self.rows_written += len(self._cells) // WIDTH
        self._cells.clear()


def _bounded(cell: object, kind: type[pl.DataType]) -> object:
    """A cell as its column can hold it; sums of such cells do not run over."""
    if type(cell) is not int:
        return cell
    most = _SMALL if kind is pl.Int16 else _MOST
    return max(-most, min(most, cell))
