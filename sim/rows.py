"""The columns of the evidence, and how a pile of rows becomes a table of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import polars as pl

from seatrial.sim.errors import HarnessError

Row: TypeAlias = tuple[float, str, str, str, str, str, str, int, str, int, float, str, int, int, str, str]
"""One row as it is appended: every column but `number`, in order; time and latency in seconds."""
Cells: TypeAlias = Sequence[Any]
"""Cells of rows, one row after the other; of each kind what its column holds."""

SCHEMA: Final[dict[str, type[pl.DataType]]] = {
    "number": pl.Int64,  # row number from 0
    "time": pl.Int64,  # microseconds since the start of the run
    "kind": pl.String,  # call, commit, event, webhook, stock, sale, fault, phase, note
    "partner": pl.String,  # who wrote it: a partner, `integration` or `world`
    "operation": pl.String,  # operation, event, fault, note or book
    "document": pl.String,  # class of the document created or attempted, or ""
    "key": pl.String,  # business key: order, release, parcel or RMA number; SKU of stock rows
    "correlation": pl.String,  # order number the row belongs to, or ""
    "attempt": pl.Int16,  # attempt of the client from 1; 0 where it means nothing
    "outcome": pl.String,  # how it ended, in the words of its kind
    "status": pl.Int16,  # HTTP status or 0
    "latency": pl.Int64,  # microseconds as the caller saw them; 0 where it means nothing
    "document_id": pl.String,  # the partner's id of the document; location of a stock row
    "quantity": pl.Int64,  # units; the new level of a stock row
    "amount": pl.Int64,  # minor units of the currency
    "rule": pl.String,  # fault rule that touched it, or ""
    "code": pl.String,  # why a call was refused, in the partner's own word, or ""
}
TEXT: Final = tuple(name for name, kind in SCHEMA.items() if kind is pl.String)
KINDS: Final = frozenset(("call", "commit", "event", "webhook", "stock", "sale", "fault", "phase", "note"))
"""What a row can be."""
WIDTH: Final = len(SCHEMA) - 1
"""Cells of a row as it arrives: its number is given here."""
_FOREVER: Final = 9e12  # seconds; in microseconds the largest number of a column
_ARRIVING: Final = tuple(SCHEMA)[1:]
SECONDS: Final = ("time", "latency")
"""Columns that arrive as float seconds and are kept as whole microseconds."""


def empty_frame() -> pl.DataFrame:
    """A table of evidence without rows."""
    return pl.DataFrame(schema=SCHEMA)


def frame_of(cells: Sequence[object], first: int) -> pl.DataFrame:
    """Rows, given cell after cell, as a table whose numbers begin with `first`.

    Raises HarnessError for a cell that is no evidence and for a row with a column too many or too few.
    """
    height, odd = divmod(len(cells), WIDTH)
    columns = [pl.int_range(first, first + height, dtype=pl.Int64, eager=True).alias("number")]
    kinds = cells[1::WIDTH]
    if odd or not KINDS.issuperset(kinds):  # a row of another length moves the kinds of all rows after it
        place = next((number for number, kind in enumerate(kinds) if kind not in KINDS), height)
        what = f"row {first + place} has no kind of evidence, or a row before it not these {WIDTH} columns"
        raise HarnessError(f"{what}: {', '.join(_ARRIVING)} · kinds are {', '.join(sorted(KINDS))}")
    columns += [_column(name, cells[place::WIDTH], first) for place, name in enumerate(_ARRIVING)]
    return pl.DataFrame(columns)


def _column(name: str, values: Sequence[object], first: int) -> pl.Series:
    kind = pl.Float64 if name in SECONDS else SCHEMA[name]
    try:
        column = pl.Series(name, values, dtype=kind)
    except (TypeError, OverflowError, UnicodeEncodeError):
        column = _slowly(name, values, first)
    if column.null_count():
        raise _unfit(name, first + values.index(None), None, "an empty cell is '' or 0")
    if name not in SECONDS:
        return column
    fits = column.abs() < _FOREVER  # nan is larger than anything
    if not fits.all():
        place = fits.index_of(False) or 0
        raise _unfit(name, first + place, values[place], "a moment or a duration has an end")
    return (column * 1_000_000.0).round(mode="half_to_even").cast(pl.Int64)


class TooLarge(HarnessError):
    """A number that its column cannot hold."""


def _slowly(name: str, values: Sequence[object], first: int) -> pl.Series:
    """Build the column cell by cell: forgives 0 among float seconds, names the cell that cannot be kept."""
    kind = pl.Float64 if name in SECONDS else SCHEMA[name]
    wanted = (float, int) if kind is pl.Float64 else str if kind is pl.String else int
    for number, value in enumerate(values, first):
        if value is not None and not isinstance(value, wanted):
            raise _unfit(name, number, value, f"the column takes {kind.__name__}")
        if isinstance(value, str) and not value.isprintable() and not _encodes(value):
            raise _unfit(name, number, value, "text that UTF-8 cannot hold")
        if isinstance(value, int) and kind is not pl.Float64 and not _fits(value, kind):
            raise TooLarge(str(_unfit(name, number, value, f"too large for {kind.__name__}")))
    return pl.Series(name, values, dtype=kind, strict=False)


def _unfit(name: str, number: int, value: object, why: str) -> HarnessError:
    return HarnessError(f"no evidence: {value!r} in column {name!r} of row {number} · {why}")


def _fits(value: int, kind: type[pl.DataType]) -> bool:
    return value.bit_length() < (16 if kind is pl.Int16 else 64)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
