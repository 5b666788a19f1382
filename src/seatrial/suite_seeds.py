"""Seeds of a suite, as people write them: `20`, `1-20`, `3,7,9`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from seatrial.sim.errors import BadInput

MOST: Final = 100_000
"""Seeds that a suite takes."""
_HINT: Final = "write how many (20), a range (1-20) or a list (3,7,9), from 0 up"
_SPAN: Final = re.compile(r"(\d{1,18})-(\d{1,18})")
_ONE: Final = re.compile(r"\d{1,18}")


def seeds_of(given: str | int | Iterable[int]) -> tuple[int, ...]:
    """The seeds, in their order: a number says how many, from 1; a text is read; anything else names each.

    Raises BadInput for what is neither, for a seed below 0 or named twice, and for none or too many.
    """
    if isinstance(given, str):
        return _checked(_read(given.strip()), given)
    if isinstance(given, int):
        return _checked(range(1, given + 1), given)
    named = tuple(given)
    return _checked(named, list(named))


def _read(text: str) -> Iterable[int]:
    if _ONE.fullmatch(text):
        return range(1, int(text) + 1)
    return (seed for part in text.split(",") for seed in _part(part.strip(), text))


def _part(part: str, text: str) -> Iterator[int] | range:
    span = _SPAN.fullmatch(part)
    if span is not None:
        first, last = int(span[1]), int(span[2])
        if first > last:
            raise _bad(f"a range that ends before it begins, {part!r}", text)
        return range(first, last + 1)
    if _ONE.fullmatch(part) is None:
        raise _bad("not a list of seeds", text)
    return iter((int(part),))


def _checked(seeds: Iterable[int], given: object) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise _bad("a seed is a whole number from 0 up", given)
        if seed in found:
            raise _bad(f"seed {seed} is named twice", given)
        if len(found) == MOST:
            raise _bad(f"a suite takes {MOST:,} seeds at most", given)
        found[seed] = None
    if not found:
        raise _bad("a suite needs a seed", given)
    return tuple(found)


def _bad(what: str, given: object) -> BadInput:
    return BadInput(what, value=given, where="--seeds", hint=_HINT)
