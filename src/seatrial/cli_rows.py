"""Rows for a terminal of any width: a table where there is room for one, else each row told on lines of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seatrial.cli_console import table

_ROOM: Final = 24
"""Columns that the last cell has at least, if its words need as many."""


class Rows:
    """Rows of cells under titles, the first cell a name, and lines between them that say what follows.

    In a table no cell but the last is broken: half a number is none. What is too wide for that is no table.
    """

    def __init__(self, *titles: str) -> None:
        self._titles = titles
        self._rows: list[Text | tuple[str, ...]] = []

    def head(self, text: str, style: str) -> None:
        """Say what the rows below are."""
        self._rows.append(Text(text, style=f"bold {style}"))

    def add(self, *cells: str) -> None:
        """Add a row, a cell for each title."""
        self._rows.append(cells)

    def print(self, console: Console) -> None:
        """Print them as they fit."""
        if self._width() <= console.width:
            console.print(self._table())
            return
        for line in self._lines():
            console.print(line, soft_wrap=True)

    def _table(self) -> Table:
        made = table(*self._titles)
        for column in made.columns[1:-1]:
            column.no_wrap = True
        for row in self._rows:
            if isinstance(row, Text):
                made.add_row(row)
            else:
                *cells, last = row
                made.add_row(*map(Text, cells), Text(last, style="dim"))
        return made

    def _width(self) -> int:
        """Columns that the table needs at least; the last column may be broken between its words."""
        rows = [self._titles, *(row for row in self._rows if not isinstance(row, Text))]
        columns = [max(map(len, cells)) + 2 for cells in zip(*rows, strict=True)]
        return sum(columns[:-1]) + min(columns[-1], _ROOM)

    def _lines(self) -> Iterator[Text]:
        for row in self._rows:
            if isinstance(row, Text):
                yield row
                continue
            name, *cells = row
            said = (
                f"{title} {cell}".strip() for title, cell in zip(self._titles[1:], cells, strict=True) if cell.strip()
            )
            yield Text.assemble(f"  {name}\n    ", (" · ".join(said), "dim"))
