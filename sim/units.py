"""Quantities as people write them: "45 min", "200/h", "0.5 %", "12.50 GBP"."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from seatrial.sim.errors import BadInput

MICROSECONDS: Final[Mapping[str, int]] = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
"""Microseconds in each unit of time."""
_SPELLINGS: Final[Mapping[str, str]] = {
    **{unit: unit for unit in MICROSECONDS},
    **dict.fromkeys(("µs", "μs"), "us"),
    **dict.fromkeys(("sec", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks"), "w"),
}
MINOR_DIGITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR"), 2),
    **dict.fromkeys(("MXN", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"), 2),
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "VND"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""Digits after the decimal point of each known currency (ISO 4217)."""

# Bounded lengths: a number of a thousand digits is a mistake, not a quantity.
_NUMBER: Final = r"([+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?![0-9])"
_TERM: Final = re.compile(rf"\s*{_NUMBER}\s*([A-Za-zµμ]*)\s*")
_RATE: Final = re.compile(rf"\s*{_NUMBER}\s*(?:[A-Za-z]+\s*)??(?:/|\bper\s)\s*([A-Za-zµμ]+)\s*")
_SHARE: Final = re.compile(rf"\s*{_NUMBER}\s*(\S*)\s*")


_DURATION: Final = "write '45 min', '2 d 4 h' or '150 ms'"


class Money(NamedTuple):
    """An amount of money as partners keep it; what people write is checked by `parse_money`."""

    minor: int
    """Minor units of the currency, such as pence; negative when owed the other way."""
    currency: str
    """ISO 4217 code."""

    def __str__(self) -> str:
        return format_money(self)


def parse_duration(text: object) -> float:
    """Seconds of "45 min", "2 d 4 h" or "150 ms"; raises BadInput for anything else."""
    if isinstance(text, str):
        return _duration(text)
    if text == 0 and not isinstance(text, bool):
        return 0.0  # nothing is nothing in every unit
    raise BadInput("not a duration", value=text, hint=_DURATION)


@lru_cache(maxsize=1024)
def _duration(text: str) -> float:
    what, hint = "not a duration", _DURATION
    total, position = Fraction(0), 0
    while position < len(text) and (term := _match_term(text, position)):
        number, unit, position = term
        if number.startswith("-"):
            raise BadInput("a duration cannot be negative", value=text)
        if not unit:
            raise BadInput(what, value=text, hint=f"write the unit: '{number} s' or '{number} min'")
        total += _exact(number) * MICROSECONDS[_unit(unit, text)]
    if not text.strip() or position < len(text):
        raise BadInput(what, value=text, hint=hint)
    return float(total / MICROSECONDS["s"])


def parse_rate(text: object) -> float:
    """Number per second of "200/h" or "3 per min"; raises BadInput for anything else."""
    match = _RATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadInput("not a rate", value=text, hint="write a number per unit of time: '200/h', '3 per min'")
    number, unit = match.groups()
    rate = _exact(number) * MICROSECONDS["s"] / MICROSECONDS[_unit(unit, str(text))]
    if rate < 0:
        raise BadInput("a rate cannot be negative", value=text)
    return float(rate)


def parse_share(text: object) -> float:
    """A number from 0 to 1, of "0.5 %" or of a plain number; raises BadInput outside 0 % to 100 %."""
    plain = isinstance(text, (int, float)) and not isinstance(text, bool)
    match = _SHARE.fullmatch(format(Decimal(repr(text)), "f") if plain and _finite(text) else str(text))
    if match is None or isinstance(text, bool):
        raise BadInput("not a share", value=text, hint="write a percentage such as '0.5 %'")
    number, unit = match.groups()
    if unit not in ("", "%"):
        raise BadInput("unknown unit of a share", value=unit, known=("%",), hint=f"in {text!r}")
    share = _exact(number) / (100 if unit else 1)
    if not 0 <= share <= 1:
        hint = f"did you mean '{number} %'?" if not unit and 1 < share <= 100 else ""
        raise BadInput("a share lies between 0 % and 100 %", value=text, hint=hint)
    return float(share)


def parse_money(text: object) -> Money:
    """Minor units and currency of "12.50 GBP"; raises BadInput for an unknown currency or a broken penny."""
    hint = "write the amount with a decimal point, then the currency: '12.50 GBP'"
    match = _SHARE.fullmatch(text) if isinstance(text, str) else None
    if match is None or not match[2]:
        raise BadInput("not an amount of money", value=text, hint=hint)
    number, currency = match[1], match[2].upper()
    if currency not in MINOR_DIGITS:
        raise BadInput("unknown currency", value=match[2], known=sorted(MINOR_DIGITS), hint=f"in {text!r}")
    minor = _exact(number) * 10 ** MINOR_DIGITS[currency]
    if minor.denominator != 1:
        raise BadInput(f"{currency} has {MINOR_DIGITS[currency]} digits after the point", value=text, hint=hint)
    return Money(int(minor), currency)


def format_duration(seconds: float) -> str:
    """The duration to the microsecond, as `parse_duration` reads it; "never" for one without end."""
    if not math.isfinite(seconds):
        return "never"
    size = rest = round(abs(seconds) * MICROSECONDS["s"])
    words = []
    for unit in ("d", "h", "min"):
        count, rest = divmod(rest, MICROSECONDS[unit])
        words += [f"{count} {unit}"] if count else []
    if rest or not words:
        unit = "s" if words or not rest or rest >= MICROSECONDS["s"] else "ms" if rest >= MICROSECONDS["ms"] else "us"
        words.append(f"{_plain(Decimal(rest) / MICROSECONDS[unit])} {unit}")
    return ("-" if seconds < 0 and size else "") + " ".join(words)


def short_duration(seconds: float) -> str:
    """The duration as one says it: three digits under a minute, else no more than two units matter."""
    if not math.isfinite(seconds):
        return format_duration(seconds)
    size = round(abs(seconds) * MICROSECONDS["s"])
    if size < MICROSECONDS["min"]:
        size = round(size, 3 - len(str(size))) if size > 999 else size
    else:
        step = MICROSECONDS["s" if size < MICROSECONDS["h"] else "min" if size < MICROSECONDS["d"] else "h"]
        size = round(size / step) * step
    return format_duration(math.copysign(size / MICROSECONDS["s"], seconds))


def format_share(share: float, digits: int | None = None) -> str:
    """The share in percent: exactly, or with so many significant digits."""
    percent = Decimal(repr(float(share))) * 100
    return f"{_plain(percent if digits is None else Decimal(f'{percent:.{digits}g}'))} %"


def format_money(money: Money) -> str:
    """The amount as `parse_money` reads it: 1250 pence are "12.50 GBP"."""
    digits = MINOR_DIGITS.get(money.currency, 2)
    return f"{Decimal(money.minor).scaleb(-digits):.{digits}f} {money.currency}"


def _match_term(text: str, position: int) -> tuple[str, str, int] | None:
    match = _TERM.match(text, position)
    return (match[1], match[2], match.end()) if match else None


def _unit(word: str, text: str) -> str:
    unit = _SPELLINGS.get(word) or _SPELLINGS.get(word.lower())
    if unit is None:
        raise BadInput("unknown unit of time", value=word, known=MICROSECONDS, hint=f"in {text!r}")
    return unit


def _exact(number: str) -> Fraction:
    return Fraction(Decimal(number))


def _finite(number: object) -> bool:
    return isinstance(number, (int, float)) and math.isfinite(number)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
