"""How often each name was met, for millions of names in a few bytes each."""

from __future__ import annotations

from array import array
from typing import Final

import xxhash

_BITS: Final = 12  # of a slot's 64 bits hold the count, the others tell one name from another
_FULL: Final = (1 << _BITS) - 1
_SMALLEST: Final = 1 << 10
_LOAD: Final = 0.6


class Occurrences:
    """Counts names. Each takes 13 to 27 bytes, however long it is; two are taken for one with a chance of 2^-52."""

    __slots__ = ("_many", "_mask", "_room", "_slots", "_used")

    def __init__(self) -> None:
        self._many: dict[str, int] = {}
        self._used = 0
        self._make_room(_SMALLEST)

    def count(self, name: str) -> int:
        """How often the name was met, this time included."""
        mark = xxhash.xxh3_64_intdigest(name.encode()) >> _BITS
        slots, mask = self._slots, self._mask
        place = mark & mask
        while held := slots[place]:
            if held >> _BITS == mark:
                return self._more(place, held, name)
            place = (place + 1) & mask
        slots[place] = mark << _BITS | 1
        self._used += 1
        if self._used > self._room:
            self._grow()
        return 1

    def _more(self, place: int, held: int, name: str) -> int:
        count = held & _FULL
        if count < _FULL:
            self._slots[place] = held + 1
            return count + 1
        often = self._many[name] = self._many.get(name, _FULL) + 1
        return often

    def _make_room(self, size: int) -> None:
        self._slots = array("Q", bytes(8 * size))
        self._mask = size - 1
        self._room = int(size * _LOAD)

    def _grow(self) -> None:
        known = self._slots
        self._make_room(2 * len(known))
        slots, mask = self._slots, self._mask
        for held in known:
            if held:
                place = (held >> _BITS) & mask
                while slots[place]:
                    place = (place + 1) & mask
                slots[place] = held
