"""Chance: one stream of numbers per purpose, and draws keyed by what they decide about."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

import xxhash

from seatrial.sim.errors import BadInput

T = TypeVar("T")

Draw: TypeAlias = Callable[[str], float]
"""Business key to a number in [0, 1): the same key always draws the same number."""

IntDraw: TypeAlias = Callable[[str], int]
"""Business key to a whole number from 0 up to, and without, the limit the draw was made for."""

_DROPPED_BITS: Final = 11  # a double holds 53 of the 64 bits that a draw has
_STEP: Final = 2.0**-53


def check_seed(seed: object) -> None:
    """Raise BadInput for a seed that has no chance of its own; Python callers give anything."""
    if type(seed) is not int or seed < 0:
        raise BadInput("a seed is a whole number from 0 up", value=seed, where="--seed")


class Dice:
    """All the chance of one run, from one seed.

    A *stream* gives its numbers in the order they are asked for: it belongs to one process of one partner, such as
    the arrivals of a channel. A *keyed* draw depends on nothing but seed, purpose and key: two programs that meet
    the same key in another order, or one of them never, see the same decision. No purpose disturbs another.

    Streams promise `random()` and what is written in terms of it. Python may change how `sample`, `gauss` and their
    like use the numbers; a run that must be the same on every Python draws with `random()` alone.
    """

    __slots__ = ("seed",)

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __repr__(self) -> str:
        return f"Dice({self.seed})"

    def stream(self, *purpose: str) -> random.Random:
        """A new stream from its beginning; asking twice for one purpose gives the same numbers twice."""
        return random.Random(xxhash.xxh3_128_intdigest(self._label(purpose)))

    def keyed(self, *purpose: str) -> Draw:
        """The draw of a purpose: `draw(key)` is in [0, 1)."""
        seed = self._derived(purpose)
        digest = xxhash.xxh3_64_intdigest

        def draw(key: str) -> float:
            return (digest(key.encode(), seed) >> _DROPPED_BITS) * _STEP

        return draw

    def keyed_choice(self, options: Sequence[T], *purpose: str) -> Callable[[str], T]:
        """The draw of a purpose: `draw(key)` is one of the options, each as likely as the others."""
        seed, count = self._derived(purpose), len(options)
        digest = xxhash.xxh3_64_intdigest

        def draw(key: str) -> T:
            return options[(digest(key.encode(), seed) * count) >> 64]

        return draw

    def keyed_int(self, limit: int, *purpose: str) -> IntDraw:
        """The whole-number draw of a purpose: `draw(key)` is one of 0 ... limit - 1."""
        if limit < 1:
            raise ValueError(f"a draw needs at least one possible result: limit {limit}")
        seed = self._derived(purpose)
        digest = xxhash.xxh3_64_intdigest

        def draw(key: str) -> int:
            return (digest(key.encode(), seed) * limit) >> 64

        return draw

    def _derived(self, purpose: tuple[str, ...]) -> int:
        return xxhash.xxh3_64_intdigest(self._label(purpose))

    def _label(self, purpose: tuple[str, ...]) -> bytes:
        # Each word carries its length, so that ("a", "bc") and ("ab", "c") are two purposes.
        words = (f"{len(word)}:{word}" for word in (str(self.seed), *purpose))
        return "".join(words).encode()
