"""Numbers and moments in words, as the report page prints them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from seatrial.reports.reading import Unit
from seatrial.sim.units import MINOR_DIGITS, short_duration

UNMEASURED = "–"
"""What stands where nothing could be measured."""
LONG = 160
"""Letters of a name that comes from others, at most."""
_ONE = {"documents": "document", "orders": "order", "units": "unit", "calls": "call", "cases": "case", "rows": "row"}


def amount_text(value: float | None, unit: Unit, currency: str = "GBP") -> str:
    """A value with its unit: `1,204 documents`, `2 h 5 min`, `99.2 %`, `3,120.00 GBP`, `never`."""
    if value is None:
        return UNMEASURED
    if not math.isfinite(value):
        return "never" if value > 0 else "always"
    if unit in ("s", "min"):
        return short_duration(value * (60 if unit == "min" else 1))
    if unit == "share":
        return share_text(value)
    if unit == "money":
        return money_text(value, currency)
    number = number_text(value)
    return f"{number} {_ONE.get(unit, unit) if number == '1' else unit}".rstrip()


def effort_text(minutes: float | None) -> str:
    """Working time in hours: nobody works days of 24."""
    if minutes is None:
        return UNMEASURED
    return f"{number_text(minutes)} min" if minutes < 120 else f"{number_text(round(minutes / 60, 1))} h"


def number_text(value: float) -> str:
    """A number as one reads it: whole where it is whole or large, else three digits."""
    if not math.isfinite(value):
        return "never" if value > 0 else "always"
    if value == int(value) or abs(value) >= 1000:
        return f"{round(value):,}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    written = f"{value:.{min(digits, 6)}f}"
    return written.rstrip("0").rstrip(".") if digits else written


def share_text(share: float) -> str:
    """A share in percent; what is not all is never rounded to all, what is not nothing never to nothing."""
    percent = share * 100
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.99 < percent < 100:
        return "> 99.99 %"
    digits = 2 if percent < 1 or percent > 99 else 1
    return f"{percent:.{digits}f}".rstrip("0").rstrip(".") + " %"


def money_text(minor: float, currency: str) -> str:
    """An amount of minor units: `3,120.00 GBP`."""
    digits = MINOR_DIGITS.get(currency, 2)
    return f"{minor / 10**digits:,.{digits}f} {currency}"


def clipped(text: str, most: int = LONG) -> str:
    """A name of others, no longer than a reader can bear."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def some(lines: Sequence[str], most: int) -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - most
    return [*lines[:most], *([f"and {more:,} more"] if more > 0 else [])]


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 finding`, `12 findings`, `no findings`."""
    return f"{f'{count:,}' if count else 'no'} {one if count == 1 else many or one + 's'}"


def listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def capitalised(text: str) -> str:
    """A sentence begins with a capital letter, unless with a name such as `orders.completed_share`."""
    text = text.strip()
    first = text.partition(" ")[0].rstrip(",.:;")
    return text if "." in first or "_" in first else text[:1].upper() + text[1:]


class Calendar:
    """Wall-clock moments of a run: second 0 is `started`. Without a start it counts days and hours from second 0.

    In a `fine` one seconds are told, as they have to be in a run of a few minutes.
    """

    def __init__(self, started: str, *, fine: bool = False) -> None:
        self.form = "%H:%M:%S" if fine else "%H:%M"
        try:
            self.start: datetime | None = datetime.fromisoformat(started)
        except ValueError:
            self.start = None

    def at(self, second: float) -> datetime:
        """The moment; without a known start one of a nameless year, whose day 1 is the first of January."""
        return (self.start or datetime(1, 1, 1, tzinfo=UTC)) + timedelta(seconds=second)

    def day(self, second: float) -> str:
        """`Thu 1 Dec`, or `day 3`."""
        if not math.isfinite(second):
            return ""
        moment = self.at(second)
        return f"{moment:%a} {moment.day} {moment:%b}" if self.start else f"day {moment.timetuple().tm_yday}"

    def minute(self, second: float) -> str:
        """`Thu 1 Dec 08:14`."""
        return f"{self.day(second)} {self.at(second).strftime(self.form)}" if math.isfinite(second) else "the end"

    def instant(self, second: float) -> str:
        """`08:14:05.123`."""
        return f"{self.at(second):%H:%M:%S}.{self.at(second).microsecond // 1000:03d}"

    def window(self, begin: float, end: float) -> str:
        """`Thu 1 Dec 08:14 – 09:30`; the day is said again only where it is another."""
        same = math.isfinite(end) and self.at(begin).date() == self.at(end).date()
        return f"{self.minute(begin)} – {self.at(end).strftime(self.form) if same else self.minute(end)}"
