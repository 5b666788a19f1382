"""The logbook: the evidence as measures read it, page by page of one kind, with only the columns they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final, TypeVar, TypeVarTuple, cast

import polars as pl

from seatrial.sim.rows import SCHEMA

HOUR: Final = 3_600_000_000
"""Microseconds of an hour."""
SECOND: Final = 1_000_000
"""Microseconds of a second."""
_PAGES: Final = {
    "call": ("partner", "operation", "document", "key", "correlation", "attempt", "outcome", "status", "latency"),
    "commit": ("partner", "document", "key", "correlation", "outcome", "document_id", "quantity", "amount"),
    "event": ("partner", "operation", "key", "correlation", "document_id", "quantity", "amount"),
    "webhook": ("partner", "operation", "key", "outcome", "latency"),
    "stock": ("partner", "operation", "key", "document_id", "quantity"),
    "sale": ("partner", "operation", "key", "correlation", "quantity"),
    "fault": ("partner", "rule", "document", "correlation", "outcome"),
    "phase": ("key", "outcome", "rule"),
    "note": ("operation", "document", "key", "correlation", "quantity"),
}
_FEW: Final = ("partner", "operation", "document", "outcome", "rule")
"""Columns with few different cells: as categories they take a fifth of the memory."""
PAGE_ROWS: Final = 65_536
"""Rows of a page, where all of the evidence is read page by page."""
Derived = TypeVar("Derived")
Given = TypeVarTuple("Given")


class Logbook:
    """The evidence of one run, read once per kind of row and kept while measures read it.

    Pages are in the order of the evidence and carry `number` and `time` (microseconds) beside their own columns.
    """

    def __init__(self, evidence: pl.DataFrame | pl.LazyFrame) -> None:
        self._rows = evidence.lazy()
        self._derived: dict[tuple[object, ...], Any] = {}

    @property
    def rows(self) -> pl.LazyFrame:
        """All rows with all columns, read when asked for."""
        return self._rows

    def pages(self) -> Iterator[pl.DataFrame]:
        """All rows with all columns in their order, a page at a time: memory stays flat however long the run was."""
        return self._rows.collect_batches(chunk_size=PAGE_ROWS, maintain_order=True)

    @cached_property
    def calls(self) -> pl.DataFrame:
        """Calls as their callers saw them end."""
        return self._page("call")

    @cached_property
    def commits(self) -> pl.DataFrame:
        """Documents created, replayed, updated and reversed in the books of partners."""
        return self._page("commit")

    @cached_property
    def events(self) -> pl.DataFrame:
        """Business events."""
        return self._page("event")

    @cached_property
    def webhooks(self) -> pl.DataFrame:
        """Deliveries of webhooks as their senders saw them end."""
        return self._page("webhook")

    @cached_property
    def stock(self) -> pl.DataFrame:
        """New levels of stock, in every book."""
        return self._page("stock")

    @cached_property
    def sales(self) -> pl.DataFrame:
        """Units that shoppers bought, cancelled and sent back."""
        return self._page("sale")

    @cached_property
    def faults(self) -> pl.DataFrame:
        """Strikes of faults."""
        return self._page("fault")

    @cached_property
    def phases(self) -> pl.DataFrame:
        """Begin and end of phases and of fault windows."""
        return self._page("phase")

    @cached_property
    def notes(self) -> pl.DataFrame:
        """What the integration said about itself."""
        return self._page("note")

    @cached_property
    def end(self) -> int:
        """Microsecond of the last row; 0 without rows."""
        last = self._rows.select(pl.col("time").max()).collect().item()
        return int(last) if last is not None else 0

    def event(self, *names: str) -> pl.DataFrame:
        """The events of some names."""
        return self.events.filter(pl.col("operation").is_in(names))

    def derived(self, table: Callable[[Logbook, *Given], Derived], *given: *Given) -> Derived:
        """What `table(log, *given)` makes of the evidence, made once for all measures that ask for it."""
        name = (table, *given)
        if name not in self._derived:
            self._derived[name] = table(self, *given)
        return cast("Derived", self._derived[name])

    def _page(self, kind: str) -> pl.DataFrame:
        columns = ["number", "time", *_PAGES[kind]]
        few = [name for name in _FEW if name in columns]
        page = self._rows.filter(pl.col("kind") == kind).select(columns)
        return page.with_columns(pl.col(few).cast(pl.Categorical)).collect()


def empty_logbook() -> Logbook:
    """A logbook without rows."""
    return Logbook(pl.DataFrame(schema=SCHEMA))
