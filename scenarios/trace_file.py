"""Trace files: order lines, or returned lines, of a real trade, read strictly from CSV."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, Final, NamedTuple, TypeVar, cast

from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import MOST, check_worth

COLUMNS: Final = ("order_id", "ts", "sku", "qty", "price", "country")
_PACKAGE: Final = "seatrial.scenarios.data"
_SUFFIX: Final = ".csv.gz"
ValueT = TypeVar("ValueT")


class TraceLine(NamedTuple):
    """One line of a trace."""

    order_id: str
    """Number of the order or credit note."""
    at: datetime
    """Local time of the shop, without a zone."""
    sku: str
    """Stock keeping unit."""
    quantity: int
    """Units: above zero in orders, below zero in returns."""
    price: int
    """Price of a unit in minor units."""
    country: str
    """Country of the customer."""


def packaged() -> tuple[str, ...]:
    """Names of the traces that come with Seatrial."""
    names = (each.name for each in files(_PACKAGE).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def find_trace(name: str, folder: Path) -> Traversable:
    """The file of a trace: one that comes with Seatrial, or a path, relative to a folder. Raises BadInput."""
    if name in packaged():
        return files(_PACKAGE).joinpath(name + _SUFFIX)
    path = folder / name
    if not path.is_file():
        hint = f"there is no file {str(path)!r} either; give a path to a .csv or .csv.gz file"
        raise BadInput("no such trace", value=name, known=packaged(), hint=hint)
    return path


def read_trace(file: Traversable, digits: int, *, returns: bool = False) -> Iterator[TraceLine]:
    """The lines of a trace in the order of the file; `digits` after the point make a minor unit of its currency.

    Raises BadInput, with file, line and column, for a file that is empty, cut off, not text, or holds a value that
    no order line can have.
    """
    name = str(file)
    try:
        with file.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            yield from _lines(name, cast("IO[bytes]", stream), digits, returns)
    except OSError as error:
        raise BadInput(f"the trace cannot be read: {error.strerror or error}", where=name) from error


def _lines(name: str, stream: IO[bytes], digits: int, returns: bool) -> Iterator[TraceLine]:
    rows = csv.reader(_text(name, stream), strict=True)
    cells = _Cells(digits, returns)
    try:
        header = next(rows, None)
        if header is None:
            raise BadInput("the trace is empty", where=name, hint="its first line names the columns: " + _listed())
        places, width = _places(name, header), len(header)
        for row in rows:
            if row:
                if len(row) != width:
                    what = f"{len(row)} fields where the header names {width} columns"
                    raise BadInput(what, where=f"{name}:{rows.line_num}", hint="was the file cut off?")
                yield cells.line([row[place] for place in places], f"{name}:{rows.line_num}")
    except csv.Error as error:
        raise BadInput(f"not CSV: {error}", where=f"{name}:{rows.line_num}") from error


def _listed() -> str:
    return ",".join(COLUMNS)


def _places(name: str, header: list[str]) -> list[int]:
    titles = [title.strip() for title in header]
    for column in COLUMNS:
        if column not in titles:
            raise BadInput(
                "the trace lacks a column", value=column, known=titles, where=f"{name}:1", hint="needed: " + _listed()
            )
        if titles.count(column) > 1:
            raise BadInput("the trace has a column twice", value=column, where=f"{name}:1")
    return [titles.index(column) for column in COLUMNS]


def _text(name: str, stream: IO[bytes]) -> Iterator[str]:
    """The file line by line as text."""
    number = 0
    try:
        for number, line in enumerate(stream, 1):
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {error.object[error.start]:#04x}"
        raise BadInput("not UTF-8", value=byte, where=f"{name}:{number}", hint="save the trace as UTF-8") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = "the compressed trace is damaged or was cut off"
        raise BadInput(what, where=f"{name}:{number + 1}", hint=f"pack it again ({error})") from error


class _Cells:
    """Cells to values. Each text is read once: in a trace the same ones come again and again."""

    def __init__(self, digits: int, returns: bool) -> None:
        self._scale: int = 10**digits
        self._returns = returns
        self._names = _Column("order_id, sku or country", _name)
        self._moments = _Column("ts", _moment)
        self._quantities = _Column("qty", self._quantity)
        self._prices = _Column("price", self._price)

    def line(self, cells: list[str], where: str) -> TraceLine:
        """One line of the trace. Raises BadInput."""
        order_id, at, sku, quantity, price, country = cells
        names = self._names
        try:
            units, minor = self._quantities[quantity], self._prices[price]
            check_worth("a line", abs(units) * minor)
            return TraceLine(names[order_id], self._moments[at], names[sku], units, minor, names[country])
        except BadInput as error:
            raise error.at(where) from None

    def _quantity(self, text: str) -> int:
        if not text.removeprefix("-").isdecimal():
            raise ValueError("not a whole number")
        units = int(text)
        if not 0 < abs(units) <= MOST:
            raise ValueError(f"a line has 1 to {MOST} units")
        if self._returns is (units > 0):
            kind = "below zero in returns" if self._returns else "above zero in orders; credit notes are returns"
            raise ValueError(f"quantities are {kind}")
        return units

    def _price(self, text: str) -> int:
        try:
            price = float(text)
        except ValueError:
            raise ValueError("not a price") from None
        if not 0 <= price <= MOST:
            raise ValueError(f"a price lies between 0 and {MOST}")
        return round(price * self._scale)


class _Column(dict[str, ValueT]):
    """The values of a column by their text. Raises BadInput with the name of the column."""

    def __init__(self, name: str, read: Callable[[str], ValueT]) -> None:
        super().__init__()
        self._name = name
        self._read = read

    def __missing__(self, text: str) -> ValueT:
        try:
            value = self[text] = self._read(text.strip())
        except ValueError as error:
            raise BadInput(f"column {self._name}: {error}", value=text) from None
        return value


def _name(text: str) -> str:
    if not text:
        raise ValueError("empty")
    return text


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a time such as 2011-12-01 08:26:00") from None
    if moment.tzinfo is not None:
        raise ValueError("times are local and carry no zone")
    return moment
