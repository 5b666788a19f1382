"""The evidence: one append-only log of all that happens in a run, written in parts so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from seatrial.sim.digest import Digest
from seatrial.sim.parts import FileParts, MemoryParts, Parts
from seatrial.sim.rows import WIDTH, Cells, Row, frame_of


class Evidence:
    """The log that every partner, link and integration writes to; the order of its rows is the truth.

    Rows gather in memory, cell after cell in one list: no object per row lives on for the garbage collector to visit.
    Every `part_rows` of them become one part and enter the digest. Without a folder the parts stay in memory as tables.
    `close` writes what is left; rows that come later, from tasks that only end when they are swept up, belong to no run
    and are dropped.

    Raises HarnessError when a part cannot be written, and again for every row after it, so that an integration which
    swallows errors cannot carry on unrecorded. What was written before stays readable.
    """

    append: Callable[[Row], None]
    """Add one ready row: all columns but `number` in the order of the table, time and latency in seconds."""
    rows_written: int
    """Rows that have reached a part; after `close`, all of them."""

    def __init__(self, clock: Callable[[], float], folder: Path | None = None, *, part_rows: int = 65_536) -> None:
        self.rows_written = 0
        self._clock = clock
        self._limit = part_rows * WIDTH
        self._cells: list[object] = []
        self._closed = False
        self._digest = Digest()
        self._parts: Parts = FileParts(folder) if folder is not None else MemoryParts()
        self.append = self._appender()

    def call(  # noqa: PLR0913 (one argument per column)
        self,
        partner: str,
        operation: str,
        document: str,
        key: str,
        correlation: str,
        attempt: int,
        outcome: str,
        status: int,
        latency: float,
        rule: str,
        trace: str = "",
        code: str = "",
    ) -> None:
        """A call as its caller saw it end; `latency` in seconds, `trace` is the caller's own correlation id.

        `code` is the partner's own word for why it refused.
        """
        cells = self._cells
        cells += (
            self._clock(), "call", partner, operation, document, key, correlation, attempt, outcome, status,
            latency, trace, 0, 0, rule, code,
        )  # fmt: skip
        if len(cells) >= self._limit:
            self.flush()

    def commit(  # noqa: PLR0913
        self,
        partner: str,
        operation: str,
        document: str,
        key: str,
        correlation: str,
        outcome: str,
        document_id: str,
        quantity: int = 0,
        amount: int = 0,
    ) -> None:
        """A document that a partner created, replayed, updated or reversed in its books."""
        cells = self._cells
        cells += (
            self._clock(), "commit", partner, operation, document, key, correlation, 0, outcome, 0, 0.0,
            document_id, quantity, amount, "", "",
        )  # fmt: skip
        if len(cells) >= self._limit:
            self.flush()

    def event(  # noqa: PLR0913
        self,
        name: str,
        partner: str,
        key: str,
        correlation: str,
        quantity: int = 0,
        amount: int = 0,
        document_id: str = "",
    ) -> None:
        """A business event of the ledger of `partner`; the name is one of `seatrial.sim.events`."""
        cells = self._cells
        cells += (
            self._clock(), "event", partner, name, "", key, correlation, 0, "", 0, 0.0, document_id, quantity,
            amount, "", "",
        )  # fmt: skip
        if len(cells) >= self._limit:
            self.flush()

    def webhook(  # noqa: PLR0913
        self,
        partner: str,
        event: str,
        key: str,
        correlation: str,
        attempt: int,
        outcome: str,
        status: int,
        latency: float,
        document_id: str,
        rule: str,
    ) -> None:
        """One delivery of a webhook as its sender saw it end; `latency` in seconds."""
        cells = self._cells
        cells += (
            self._clock(), "webhook", partner, event, "", key, correlation, attempt, outcome, status, latency,
            document_id, 0, 0, rule, "",
        )  # fmt: skip
        if len(cells) >= self._limit:
            self.flush()

    def stock(self, partner: str, book: str, sku: str, level: int, location: str = "") -> None:
        """The new level, in units, of a SKU in one book of a partner."""
        cells = self._cells
        cells += (self._clock(), "stock", partner, book, "", sku, "", 0, "", 0, 0.0, location, level, 0, "", "")
        if len(cells) >= self._limit:
            self.flush()

    def sale(self, channel: str, kind: str, sku: str, order: str, quantity: int) -> None:
        """Units of an order line placed, cancelled or returned at a channel."""
        cells = self._cells
        cells += (self._clock(), "sale", channel, kind, "", sku, order, 0, "", 0, 0.0, "", quantity, 0, "", "")
        if len(cells) >= self._limit:
            self.flush()

    def fault(  # noqa: PLR0913
        self,
        partner: str,
        operation: str,
        fault: str,
        key: str,
        correlation: str,
        attempt: int,
        outcome: str,
        rule: str,
    ) -> None:
        """A fault decision that fired; the kind of fault stands in `document`."""
        cells = self._cells
        cells += (
            self._clock(), "fault", partner, operation, fault, key, correlation, attempt, outcome, 0, 0.0, "", 0,
            0, rule, "",
        )  # fmt: skip
        if len(cells) >= self._limit:
            self.flush()

    def phase(self, name: str, outcome: str, rule: str = "") -> None:
        """The begin or end of a phase of the run, or of a fault's window."""
        self.append((self._clock(), "phase", "world", "", "", name, "", 0, outcome, 0, 0.0, "", 0, 0, rule, ""))

    def note(
        self, name: str, key: str = "", correlation: str = "", team: str = "", quantity: int = 0, detail: str = ""
    ) -> None:
        """What the integration says about itself; `team` stands in `document`, `detail` in `document_id`."""
        self.append((
            self._clock(), "note", "integration", name, team, key, correlation, 0, "", 0, 0.0, detail, quantity, 0, "",
            "",
        ))  # fmt: skip

    def flush(self) -> None:
        """Write the rows in memory as a part, full or not."""
        if self._cells and not self._closed:
            frame = frame_of(self._cells, self.rows_written)
            self._parts.write(frame)
            self._digest.update(frame)
            self.rows_written += frame.height
        self._cells.clear()  # the same list: `append` holds on to it

    def close(self) -> None:
        """Write what is left and take no more; a log can be closed twice."""
        self.flush()
        self._closed = True

    @property
    def cells(self) -> Cells:
        """Rows that no part holds yet, cell after cell: of a short run, before `close`, all of them."""
        return self._cells

    @property
    def parts_written(self) -> int:
        """Parts on disk or in memory."""
        return self._parts.count

    def digest(self) -> str:
        """The digest of the rows written so far."""
        return self._digest.hexdigest()

    def scan(self) -> pl.LazyFrame:
        """All rows so far; those in memory are written first."""
        self.flush()
        return self._parts.scan()

    def frame(self) -> pl.DataFrame:
        """All rows so far as a table in memory."""
        return self.scan().collect()

    def _appender(self) -> Callable[[Row], None]:
        cells, limit, add, flush = self._cells, self._limit, self._cells.extend, self.flush

        def append(row: Row) -> None:
            add(row)
            if len(cells) >= limit:
                flush()

        return append
