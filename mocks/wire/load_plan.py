"""The plan of the load: which part of the demand a generator places, and when its time has come on the real clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice, takewhile

import msgspec

from seatrial.mocks.purchases import Habits, Intent
from seatrial.sim.dice import Dice


class Demand(msgspec.Struct, frozen=True):
    """What the shoppers of a run are going to do. Its intents can be read once."""

    intents: Iterator[Intent]
    """Purchases and stray returns, in the order of time."""
    habits: Habits
    """What shoppers do besides."""
    until: float
    """Second of the run at which the demand ends: nobody buys or cancels from then on."""

    @property
    def returns_until(self) -> float:
        """Second of the run from which nobody asks to send something back."""
        return self.until + self.habits.late_returns

    def dealt(self, part: int, parts: int) -> Iterator[Intent]:
        """The intents of one of several generators, dealt out by position: together they place all, each once."""
        if not 0 <= part < parts:
            raise ValueError(f"there is no part {part} of {parts}; parts count from 0")
        return islice(takewhile(lambda intent: intent.at < self.until, self.intents), part, None, parts)


class Timetable(msgspec.Struct, frozen=True):
    """When a second of the run comes on the real clock."""

    start: float
    """Unix time at second 0 of the run."""
    scale: float = 1.0
    """Seconds of the run in a real second."""

    def due(self, second: float) -> float:
        """Unix time of a second of the run."""
        return self.start + second / self.scale

    def second(self, unix: float) -> float:
        """Second of the run at a unix time."""
        return (unix - self.start) * self.scale


class Lookahead:
    """Reads intents before they are due: to think of a customer for the first time takes longer than to send him."""

    def __init__(self, intents: Iterator[Intent], most: int = 5000) -> None:
        self._intents = intents
        self._most = most
        self._read: deque[Intent] = deque()
        self._ended = False

    @property
    def full(self) -> bool:
        """Whether there is nothing to read at the moment."""
        return self._ended or len(self._read) >= self._most

    def read(self, until: float, now: Callable[[], float]) -> None:
        """Read ahead up to a moment, as far as there is room."""
        while not self.full and now() < until:
            self._read_one()

    def take(self) -> Intent | None:
        """The next intent, None after the last."""
        if not self._read:
            self._read_one()
        return self._read.popleft() if self._read else None

    def _read_one(self) -> None:
        intent = None if self._ended else next(self._intents, None)
        if intent is None:
            self._ended = True
        else:
            self._read.append(intent)


class Browsing:
    """How many pages of listings a shopper looks at before buying: so many on average, drawn by order number."""

    def __init__(self, dice: Dice, pages: float) -> None:
        self._sure = int(pages)
        self._more = pages - self._sure
        self._draw = dice.keyed("shoppers", "views")

    def pages(self, order_no: str) -> int:
        """Pages for an order."""
        return self._sure + (self._more > 0 and self._draw(order_no) < self._more)
