"""Stock snapshots: a whole warehouse at one instant, read page by page while the stock goes on moving."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from seatrial.mocks.books.bin_stock import Slot
from seatrial.mocks.messages.warehouse import Snapshot, StockLevel
from seatrial.sim.errors import Rejected


class _Taken(NamedTuple):
    number: int
    as_of: float
    sequence: int
    levels: tuple[StockLevel, ...]


class SnapshotShelf:
    """Snapshots that can still be read on; each is dropped `keep` seconds after it was taken."""

    __slots__ = ("_count", "_keep", "_taken")

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._count = 0
        self._taken: deque[_Taken] = deque()

    def take(self, bins: Iterable[Slot], sequence: int, now: float) -> str:
        """Take a snapshot; gives the cursor of its first page."""
        while self._taken and self._taken[0].as_of < now - self._keep:
            self._taken.popleft()
        levels = [StockLevel(slot.sku, slot.on_hand, slot.allocated) for slot in bins]
        levels.sort(key=lambda level: level.sku)
        self._count += 1
        self._taken.append(_Taken(self._count, now, sequence, tuple(levels)))
        return f"{self._count}.0"

    def before(self, moment: float) -> str:
        """Cursor of the newest snapshot that is at least as old as a second of the run; empty: there is none."""
        old = [taken for taken in self._taken if taken.as_of <= moment]
        return f"{old[-1].number}.0" if old else ""

    def page(self, cursor: str, limit: int, now: float) -> Snapshot:
        """One page. Rejected: 400 `invalid_limit`; 400 `invalid_cursor` where it is unknown or too old."""
        if limit < 1:
            raise Rejected("invalid_limit", f"a page of {limit} SKUs; at least 1", status=400)
        taken, first = self._open(cursor, now)
        last = first + limit
        following = f"{taken.number}.{last}" if last < len(taken.levels) else ""
        return Snapshot(taken.as_of, taken.sequence, taken.levels[first:last], following)

    def _open(self, cursor: str, now: float) -> tuple[_Taken, int]:
        number, _, first = cursor.partition(".")
        found = [taken for taken in self._taken if str(taken.number) == number and taken.as_of >= now - self._keep]
        if not found or not (first.isascii() and first.isdigit()) or len(first) > 9:
            text = f"the cursor {cursor[:40]!r} is unknown or has expired; begin again without one"
            raise Rejected("invalid_cursor", text, status=400)
        return found[0], int(first)
