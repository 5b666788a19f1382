"""What happens to stock on the shelf: units vanish, and cycle counts find out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import ceil, log
from typing import Any

import msgspec
from simpy import Environment, Event

from seatrial.mocks.books.bin_stock import BinStock, Slot
from seatrial.sim.dice import Dice
from seatrial.sim.quantities import Seconds, Share


class Loss(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A theft, a leak, a forgotten pallet: units vanish at one moment and nobody notices."""

    at: Seconds
    """Seconds after the start of the run."""
    skus: Share = Share(1)
    """Share of the SKUs that are struck."""
    units: Share = Share(0.1)
    """Share of the units on the shelf of each that vanishes, rounded up."""


class Shrinkage:
    """Units vanish one by one at a rate, and many at once at appointed moments."""

    def __init__(self, env: Environment, dice: Dice, warehouse: str, stock: BinStock) -> None:
        self._env = env
        self._dice = dice
        self._warehouse = warehouse
        self._stock = stock

    def creep(self, rate: float, vanish: Callable[[Slot, int], None]) -> Generator[Event, Any, None]:
        """Process: a unit of a bin drawn from all vanishes, `rate` times a second."""
        stream = self._dice.stream("shrinkage", self._warehouse)
        while True:
            yield self._env.timeout(-log(1.0 - stream.random()) / rate)
            bins = tuple(self._stock)
            vanish(bins[int(stream.random() * len(bins))], 1)

    def strike(self, loss: Loss, vanish: Callable[[Slot, int], None]) -> None:
        """Let an appointed loss happen."""
        draw = self._dice.keyed("loss", self._warehouse, repr(float(loss.at)))
        for slot in self._stock:
            if draw(slot.sku) < loss.skus:
                vanish(slot, ceil(slot.shelf * loss.units))


class CycleCount:
    """Counts the bins in turn, some at a time."""

    def __init__(self, stock: BinStock, share: float) -> None:
        self._stock = stock
        self._share = share
        self._next = 0

    def turn(self) -> list[Slot]:
        """The bins whose turn it is; after the last comes the first again."""
        bins = tuple(self._stock)
        size = min(len(bins), ceil(len(bins) * self._share))
        chosen = [bins[(self._next + place) % len(bins)] for place in range(size)]
        self._next = (self._next + size) % len(bins) if bins else 0
        return chosen
