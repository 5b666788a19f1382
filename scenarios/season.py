"""A season: what a demand amounts to in one network - what is sold, what shoppers are going to do, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from seatrial.mocks.purchases import Habits, Intent
from seatrial.sim.assortment import Assortment


class Network(msgspec.Struct, frozen=True):
    """What a demand has to know of the world that it is for."""

    start: datetime
    """Wall-clock time at second 0 of the run."""
    length: float
    """Seconds of demand: the chaos phase."""
    channels: tuple[str, ...]
    """Names of the channels."""
    warehouses: tuple[str, ...]
    """Names of the warehouses."""
    folder: Path = Path()
    """Where relative paths of files begin."""

    @property
    def midnight(self) -> float:
        """Second of the run, zero or before, at which the first day began."""
        at = self.start
        return -float(at.hour * 3600 + at.minute * 60 + at.second)


class Season(msgspec.Struct, frozen=True):
    """A demand, ready to be let loose. Its intents can be read once."""

    assortment: Assortment
    """What is sold, and the stock to begin with."""
    intents: Iterator[Intent]
    """What shoppers are going to do, in the order of time."""
    habits: Habits
    """What shoppers do besides."""
    cover: float
    """Seconds of demand that the stock to begin with is meant for: what the suppliers go by."""
    notes: tuple[str, ...] = ()
    """What was left out or put right, for people."""
    written_out: bool = False
    """Whether somebody wrote each wish by hand, and wants to know which of them did not come about."""
