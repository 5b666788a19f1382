"""Limits on measures, as scenarios write them: `duplicates.total: 0`, `recovery.max: <= 2 h`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from seatrial.reports.reading import Definition, Unit
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.units import MICROSECONDS, parse_duration, parse_money, parse_share

_WRITTEN: Final = re.compile(r"(<=|>=|==|=|<|>)?\s*(.+)", re.DOTALL)
_BETWEEN: Final = re.compile(r"between\s+(.+?)\s+and\s+(.+)", re.DOTALL | re.IGNORECASE)
_PLAIN: Final = re.compile(r"([+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20}))\s*(.*)", re.DOTALL)
_HINT: Final = "write '0', '<= 30 min', '>= 99 %', '< 12.50 GBP', 'between 1 and 2 h' or 'any'"
_SECONDS: Final[Mapping[str, float]] = {"s": 1.0, "min": 60.0}
ANY: Final = "any"
"""A limit that every value keeps: it takes back one that stands in every scenario."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """An interval that the readings of one name, or of a pattern of names, have to keep."""

    measure: str
    """Name of the reading, or a pattern such as `duplicates.*`."""
    text: str
    """The limit as it was written."""
    unit: Unit
    """Unit of the bounds."""
    low: float = -math.inf
    """Lower bound."""
    high: float = math.inf
    """Upper bound."""
    strict: bool = False
    """Whether the bounds themselves are outside."""
    standing: bool = False
    """Whether it stands in every scenario."""

    @classmethod
    def parse(cls, measure: str, text: object, known: Iterable[Definition], *, standing: bool = False) -> Limit:
        """Read a limit. Raises UnknownName for a measure that nobody defines, BadInput for a limit that is none, or
        that no value keeps.
        """
        meant = _meant(measure, known)
        unit = _unit_of(measure, meant)
        written = text.strip() if isinstance(text, str) else _number_as_text(text, measure)
        low, high, strict = _bounds(written, unit, measure)
        if low > high:
            raise BadInput("the lower bound lies above the upper one", value=text, where=f"expect {measure}")
        least = min(each.least for each in meant)
        if high < least or (strict and high == least):
            hint = f"{measure} is never below {least:g}"
            raise BadInput("no value keeps this limit", value=text, hint=hint, where=f"expect {measure}")
        return cls(measure=measure, text=written, unit=unit, low=low, high=high, strict=strict, standing=standing)

    @property
    def everything(self) -> bool:
        """Whether every value keeps it, also an unknown one."""
        return self.low == -math.inf and self.high == math.inf

    def covers(self, name: str) -> bool:
        """Whether it is meant for a reading of this name."""
        return name == self.measure or fnmatchcase(name, self.measure)

    def holds(self, value: float) -> bool:
        """Whether a value keeps it; a value that is infinite (never) keeps only limits without that bound."""
        above = self.low == -math.inf or value > self.low or (value == self.low and not self.strict)
        below = self.high == math.inf or value < self.high or (value == self.high and not self.strict)
        return above and below


def parse_limits(expected: Mapping[str, object], known: Iterable[Definition]) -> tuple[Limit, ...]:
    """All limits of a scenario, in the order written."""
    definitions = tuple(known)
    return tuple(Limit.parse(measure, text, definitions) for measure, text in expected.items())


def _meant(measure: str, known: Iterable[Definition]) -> tuple[Definition, ...]:
    """The definitions that a name or a pattern means."""
    defined = tuple(known)
    meant = tuple(each for each in defined if each.covers(measure) or fnmatchcase(each.name, measure))
    if not meant:
        names = sorted(each.name for each in defined)
        raise UnknownName("unknown measure", value=measure, known=names, where="expect")
    return meant


def _unit_of(measure: str, meant: tuple[Definition, ...]) -> Unit:
    units: dict[Unit, str] = {each.unit: each.name for each in meant}
    if len(units) > 1:
        some = ", ".join(f"{name} in {unit or 'a plain number'}" for unit, name in sorted(units.items()))
        raise BadInput("the pattern covers measures of different units", value=measure, hint=some, where="expect")
    return next(iter(units))


def _number_as_text(value: object, measure: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput("not a limit", value=value, hint=_HINT, where=f"expect {measure}")
    return f"= {value:g}" if abs(value) < 1e6 else f"= {value}"


def _bounds(written: str, unit: Unit, measure: str) -> tuple[float, float, bool]:
    where = f"expect {measure}"
    if written.lower() == ANY:
        return -math.inf, math.inf, False
    between = _BETWEEN.fullmatch(written)
    if between:
        low, high = between.groups()
        return quantity(_with_unit(low, high), unit, where), quantity(high, unit, where), False
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise BadInput("not a limit", value=written, hint=_HINT, where=where)
    sign, value = match[1] or "=", quantity(match[2], unit, where)
    low = value if sign in ("=", "==", ">", ">=") else -math.inf
    high = value if sign in ("=", "==", "<", "<=") else math.inf
    return low, high, sign in ("<", ">")


def _with_unit(low: str, high: str) -> str:
    """`between 1 and 2 h` means hours in both places."""
    first, second = _PLAIN.fullmatch(low), _PLAIN.fullmatch(high)
    return f"{low} {second[2]}" if first and second and not first[2] else low


def quantity(text: str, unit: Unit, where: str) -> float:
    """The number in the unit of the reading."""
    try:
        if unit in _SECONDS:
            return parse_duration(0 if _is_zero(text) else text) / _SECONDS[unit]
        if unit == "share":
            return parse_share(text)
        if unit == "money":
            return 0.0 if _is_zero(text) else float(parse_money(text).minor)
        return _count(text, unit)
    except BadInput as error:
        raise error.at(where) from None


def _is_zero(text: str) -> bool:
    match = _PLAIN.fullmatch(text.strip())
    return match is not None and not match[2] and float(match[1]) == 0


def _count(text: str, unit: Unit) -> float:
    match = _PLAIN.fullmatch(text.strip())
    if match is None:
        raise BadInput("not a limit", value=text, hint=_HINT)
    number, word = float(match[1]), match[2].strip()
    if not word or word in (unit, unit.removesuffix("s"), unit.replace(" ", "-"), unit.replace(" h", "-hours")):
        return number
    if unit == "" and word == "%":
        return number / 100
    known = f"this measure counts {unit}" if unit else "this measure has no unit"
    hint = f"{known}: write '{match[1]}'" + (" (it is no time)" if word in MICROSECONDS else "")
    raise BadInput("unknown unit in a limit", value=word, hint=hint)
