"""What a search has explored: runs, rules, kinds of faults, pairs of kinds that struck in one run, and histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

import msgspec

from seatrial.reports.page_words import counted
from seatrial.trial import Trial

_SLOW = 10
"""Runs a second under which a tenth of one is worth telling."""


class Explored(msgspec.Struct, frozen=True):
    """How much of what can go wrong was tried."""

    runs: int = 0
    """Storms sailed."""
    rules: int = 0
    """Different fault rules in them."""
    strikes: int = 0
    """Strikes of faults."""
    kinds: Mapping[str, int] = {}
    """Runs in which each kind of fault struck."""
    kinds_known: int = 0
    """Kinds of faults that could strike in this world."""
    pairs: int = 0
    """Pairs of kinds that struck in one run."""
    interleavings: int = 0
    """Different histories: orders in which calls ended and documents were made."""
    seconds: float = 0.0
    """Seconds that it took."""

    @property
    def pairs_known(self) -> int:
        """Pairs of kinds that there are."""
        return self.kinds_known * (self.kinds_known - 1) // 2

    @property
    def pace(self) -> float:
        """Runs a second."""
        return self.runs / self.seconds if self.seconds else 0.0

    @property
    def lines(self) -> list[str]:
        """The same for people."""
        most = ", ".join(f"{kind} {count:,}" for kind, count in Counter(self.kinds).most_common(3))
        often = f"; most often {most}" if most else ""
        return [
            f"{counted(self.runs, 'run')} in {self.seconds:.1f} s, {self.pace:.{self.pace < _SLOW:d}f} a second",
            f"{counted(self.rules, 'different rule')}, {counted(self.strikes, 'strike')}",
            f"{len(self.kinds)} of {self.kinds_known} kinds of faults struck{often}",
            f"{self.pairs:,} of {self.pairs_known:,} pairs of kinds struck in one run",
            counted(self.interleavings, "different interleaving"),
        ]


class Tally:
    """Counts while a search goes on; those of several processes can be put together."""

    def __init__(self, kinds_known: int) -> None:
        self.kinds_known = kinds_known
        self.runs = 0
        self.strikes = 0
        self.rules: set[tuple[object, ...]] = set()
        self.kinds: Counter[str] = Counter()
        self.pairs: set[tuple[str, ...]] = set()
        self.histories: set[int] = set()

    def count(self, trial: Trial) -> None:
        """One more run."""
        self.runs += 1
        self.strikes += len(trial.strikes)
        for rule in trial.storm.rules:
            written = tuple(str(getattr(rule, name)) for name in rule.__struct_fields__)
            self.rules.add(written)
        kinds = sorted(trial.fired)
        self.kinds.update(kinds)
        self.pairs.update(combinations(kinds, 2))
        self.histories.add(trial.history)

    def add(self, other: Tally) -> None:
        """What another process has counted."""
        self.runs += other.runs
        self.strikes += other.strikes
        self.rules |= other.rules
        self.kinds += other.kinds
        self.pairs |= other.pairs
        self.histories |= other.histories

    def explored(self, seconds: float) -> Explored:
        """What was counted so far."""
        return Explored(
            runs=self.runs,
            rules=len(self.rules),
            strikes=self.strikes,
            kinds=dict(sorted(self.kinds.items())),
            kinds_known=self.kinds_known,
            pairs=len(self.pairs),
            interleavings=len(self.histories),
            seconds=seconds,
        )
