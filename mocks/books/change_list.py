"""The list of changes that a channel can be asked for: page by page after a cursor, or all of a window of time."""

from __future__ import annotations

from math import inf

from seatrial.mocks.messages.channel import ChangePage, ListChanges
from seatrial.mocks.messages.orders import Change
from seatrial.sim.policies.reads import Journal, Reads


class ChangeList:
    """Changes in the order of time, kept for a while; the reads policy says how they are paged and when they show."""

    def __init__(self, reads: Reads, keep: float) -> None:
        self._pager = reads.pager()
        self._lag = float(reads.visibility_lag)
        self._changes: Journal[Change] = Journal()
        self._keep = keep

    def add(self, change: Change) -> None:
        """Put a change on the list; drop those that are too old."""
        self._changes.prune(change.at - self._keep)
        self._changes.add(change.at, change)

    def page(self, request: ListChanges, now: float, visible_until: float) -> ChangePage:
        """What a caller sees now. A window is answered at once, as far as it shows."""
        if request.changed_before < inf:
            until = min(request.changed_before, now - self._lag, visible_until)
            first, last = self._changes.span(request.changed_after, until)
            rows = self._changes.rows(first, last)
            return ChangePage(tuple(row for row in rows if row.at > request.changed_after), "window")
        page = self._pager.page(self._changes, request.cursor, request.limit, now, visible_until)
        return ChangePage(page.items, page.cursor, page.more)
