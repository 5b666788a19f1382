"""What a search is to do, and which part of it belongs to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice
from math import inf
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Quest(msgspec.Struct, frozen=True):
    """What a search is to do; one of several processes has a part of it."""

    seconds: float
    """Real seconds that it has."""
    orders: int
    """Orders of a storm at most."""
    seed: int
    """Seed of what is drawn."""
    wanted: tuple[str, ...] = ()
    """Codes of the findings to look for; empty: any."""
    without: tuple[str, ...] = ()
    """Kinds of faults that are not tried."""
    runs: int = 0
    """Storms that are sailed at most; 0: as many as there is time for."""
    twice: bool = False
    """Whether the integration has to prove first that it does the same twice."""
    part: int = 0
    """Which part this is, from 0."""
    parts: int = 1
    """In how many parts the search is divided."""

    def mine(self, storms: Iterable[T]) -> Iterator[T]:
        """What belongs to this part."""
        return islice(storms, self.part, None, self.parts)

    @property
    def rounds(self) -> Iterator[int]:
        """Numbers of the rounds of chance that belong to this part."""
        return count(self.part, self.parts)

    @property
    def most(self) -> float:
        """Storms that this part sails at most."""
        return self.runs // self.parts + (self.part < self.runs % self.parts) if self.runs else inf
