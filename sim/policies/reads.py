"""Reads: how a partner pages through what has changed, and how late and how far back its lists see.

A list is ordered by time. Four ways to page through it, with the hazards that each has in life:

- *offset* and *page number* count rows from the oldest that is still listed: when rows drop out in front, as many
  are skipped; when a row comes in late, the one before is read twice;
- *cursor* and *link* go on behind the last row that was read: nothing is read twice, but a row that comes in late,
  with a time before the cursor, is never read at all. Their tokens expire.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from seatrial.sim.errors import Rejected
from seatrial.sim.quantities import Count, Seconds, check_above_zero

ItemT = TypeVar("ItemT")
_Place = tuple[float, int]
"""Time of a row, and its number in the order of arrival."""
_END = 1 << 62
_SLACK = 1024
"""Pruned rows that a journal keeps at most before it gives their memory back."""


class PageOf(NamedTuple, Generic[ItemT]):
    """A page of a list."""

    items: tuple[ItemT, ...]
    """Its rows, oldest first."""
    cursor: str
    """Where the next page begins; never empty."""
    more: bool
    """Whether there is another row now."""


class Journal(Generic[ItemT]):
    """Rows by time, oldest first; appended as things happen, pruned so that memory stays bounded."""

    __slots__ = ("_count", "_items", "_places", "_start")

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._items: list[ItemT] = []
        self._start = 0  # rows in front of it are pruned
        self._count = 0

    def __len__(self) -> int:
        return len(self._places) - self._start

    def add(self, now: float, item: ItemT) -> None:
        """Note a row; one with an earlier time than the last comes in late and takes its place among the others."""
        place = (now, self._count)
        self._count += 1
        if not self._places or self._places[-1] <= place:
            self._places.append(place)
            self._items.append(item)
            return
        insort(self._places, place, lo=self._start)
        self._items.insert(bisect_left(self._places, place, lo=self._start), item)

    def prune(self, before: float) -> None:
        """Forget every row older than a second of the run."""
        self._start = bisect_left(self._places, (before, -1), lo=self._start)
        if self._start > _SLACK and self._start * 2 > len(self._places):
            del self._places[: self._start], self._items[: self._start]
            self._start = 0

    def span(self, since: float, until: float) -> tuple[int, int]:
        """Positions of the first row of a time span, both ends included, and of the first behind it."""
        first = bisect_left(self._places, (since, -1), lo=self._start)
        return first, max(first, bisect_right(self._places, (until, _END), lo=self._start))

    def position(self, after: _Place) -> int:
        """Position of the first row behind a place."""
        return bisect_right(self._places, after, lo=self._start)

    def place(self, position: int) -> _Place:
        """Place of the row at a position."""
        return self._places[position]

    def rows(self, first: int, last: int) -> tuple[ItemT, ...]:
        """The rows from a position up to, and without, another."""
        return tuple(self._items[first:last])


class Pager(Protocol):
    """A reads policy at work."""

    def page(self, journal: Journal[ItemT], cursor: str, limit: int, now: float, visible_until: float) -> PageOf[ItemT]:
        """The next page after a cursor; empty: from the oldest row that is listed.

        Rows later than `visible_until` (a second of the run) are not seen. Raises Rejected: 400 `invalid_cursor`
        for a cursor that this list did not give or no longer knows, 400 `invalid_limit`.
        """
        ...


class _Policy(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of the kinds: what every list has. Raises BadInput for pages without rows."""

    visibility_lag: Seconds = Seconds(0)
    """Seconds until a row is seen."""
    max_window: Seconds = Seconds("inf")
    """Seconds that a list sees back; older rows are not listed."""
    page_limit: Count = 100
    """Rows on a page, at most, whatever the caller asks for."""

    def __post_init__(self) -> None:
        """Look at the values: who gets no rows asks for the next page for ever."""
        check_above_zero(self, "page_limit")


class OffsetReads(_Policy, frozen=True, tag="offset"):
    """The caller says how many rows to skip (Odoo, NetSuite)."""

    def pager(self) -> Pager:
        """Counts rows from the oldest that is listed."""
        return _Offsets(self)


class PageReads(_Policy, frozen=True, tag="page"):
    """The caller gives a page number (WooCommerce, ShipBob 1.0); a page that was not full is read again."""

    def pager(self) -> Pager:
        """Counts pages from the oldest row that is listed."""
        return _Numbers(self)


class CursorReads(_Policy, frozen=True, tag="cursor"):
    """The partner gives a token for the next page (Amazon, EasyPost's before_id and after_id)."""

    token_life: Seconds = Seconds("inf")
    """Seconds for which a token is known."""

    def pager(self) -> Pager:
        """Goes on behind the last row that was read."""
        return _Cursors(self, self.token_life, keeps_limit=False)


class LinkReads(_Policy, frozen=True, tag="link"):
    """The partner gives the address of the next page, with the query of the first call in it (Shopify, OData): the
    limit that the caller gives later is ignored.
    """

    token_life: Seconds = Seconds("inf")
    """Seconds for which a link is known."""

    def pager(self) -> Pager:
        """Goes on behind the last row that was read."""
        return _Cursors(self, self.token_life, keeps_limit=True)


Reads = OffsetReads | PageReads | CursorReads | LinkReads
"""Every kind of reads."""


class _View:
    """What all pagers share: which rows are listed, and what a cursor looks like."""

    __slots__ = ("_policy",)
    mark = ""

    def __init__(self, policy: _Policy) -> None:
        self._policy = policy

    def _listed(self, journal: Journal[ItemT], now: float, visible_until: float) -> tuple[int, int]:
        policy = self._policy
        return journal.span(now - policy.max_window, min(now - policy.visibility_lag, visible_until))

    def _limit(self, limit: int) -> int:
        if limit < 1:
            raise Rejected("invalid_limit", f"a page of {limit} rows", status=400)
        return min(limit, self._policy.page_limit)

    def _seal(self, *numbers: float) -> str:
        """Numbers as opaque text that only the same kind of pager opens."""
        text = "/".join((self.mark, *map(repr, numbers)))
        return text.encode().hex()

    def _open(self, cursor: str, count: int) -> tuple[float, ...]:
        try:
            mark, *numbers = bytes.fromhex(cursor).decode().split("/")
            values = tuple(map(float, numbers))
        except ValueError:
            raise _invalid(cursor) from None
        if mark != self.mark or len(values) != count or not all(0 <= value < _END for value in values):
            raise _invalid(cursor)
        return values


class _Offsets(_View):
    """The cursor is a number of rows."""

    __slots__ = ()
    mark = "offset"

    def page(self, journal: Journal[ItemT], cursor: str, limit: int, now: float, visible_until: float) -> PageOf[ItemT]:
        size = self._limit(limit)
        skip = int(self._open(cursor, 1)[0]) if cursor else 0
        first, end = self._listed(journal, now, visible_until)
        start = min(first + skip, end)
        last = min(start + size, end)
        return PageOf(journal.rows(start, last), self._seal(skip + last - start), last < end)


class _Numbers(_View):
    """The cursor is a page number from 1."""

    __slots__ = ()
    mark = "page"

    def page(self, journal: Journal[ItemT], cursor: str, limit: int, now: float, visible_until: float) -> PageOf[ItemT]:
        size = self._limit(limit)
        number = int(self._open(cursor, 1)[0]) if cursor else 1
        first, end = self._listed(journal, now, visible_until)
        start = min(first + (number - 1) * size, end)
        last = min(start + size, end)
        return PageOf(journal.rows(start, last), self._seal(number + (last - start == size)), last < end)


class _Cursors(_View):
    """The cursor is the place of the last row read, the moment it was given, and the limit of the first call."""

    __slots__ = ("_keeps_limit", "_life")
    mark = "after"

    def __init__(self, policy: _Policy, life: float, keeps_limit: bool) -> None:
        super().__init__(policy)
        self._life = life
        self._keeps_limit = keeps_limit

    def page(self, journal: Journal[ItemT], cursor: str, limit: int, now: float, visible_until: float) -> PageOf[ItemT]:
        size = self._limit(limit)
        first, end = self._listed(journal, now, visible_until)
        time, number, start = 0.0, 0.0, first
        if cursor:
            time, number, given, kept = self._open(cursor, 4)
            if now >= given + self._life:
                raise _invalid(cursor)
            size = int(kept) if self._keeps_limit else size
            # Numbers count from 1 in a cursor: 0 stands before every row.
            start = max(first, journal.position((time, int(number) - 1)))
        last = max(start, min(start + size, end))
        if last > start:
            time, count = journal.place(last - 1)
            number = count + 1
        return PageOf(journal.rows(start, last), self._seal(time, number, now, size), last < end)


def _invalid(cursor: str) -> Rejected:
    return Rejected("invalid_cursor", f"the cursor {cursor[:40]!r} is unknown or has expired", status=400)
