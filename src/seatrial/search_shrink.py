"""Shrinking: from a storm that does harm to the smallest that does the same harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from seatrial.mocks.guests.entry import Under
from seatrial.search_lesser import lesser
from seatrial.sim.errors import HarnessError
from seatrial.storms import Storm
from seatrial.trial import Trial

MOST_RUNS: Final = 1500
"""Runs after which a storm is taken as it is."""


class Shrunk(msgspec.Struct, frozen=True):
    """A storm that was made smaller."""

    trial: Trial
    """What is left, as it was sailed last."""
    runs: int
    """Runs that it took."""
    settled: bool = True
    """Whether nothing smaller does the same harm; otherwise it was interrupted, or took too many runs."""


class Shrinker:
    """Takes away whatever the finding does not need, until nothing can be taken away. Every candidate is sailed.

    States: working, done. The same storm always ends as the same smaller one.
    """

    def __init__(self, integration: Under, code: str, progress: Callable[[int, Storm], None] | None = None) -> None:
        self._integration = integration
        self._code = code
        self._progress = progress
        self._seen: set[str] = set()
        self.runs = 0

    def shrink(self, trial: Trial) -> Shrunk:
        """The smallest storm found; an interruption leaves the smallest so far."""
        best = trial
        try:
            while self.runs < MOST_RUNS:
                smaller = self._smaller(best)
                if smaller is None:
                    return Shrunk(best, self.runs)
                best = smaller
        except KeyboardInterrupt:
            pass
        return Shrunk(best, self.runs, settled=False)

    def _smaller(self, best: Trial) -> Trial | None:
        """One round over everything that could be taken away; None where nothing can."""
        before = best
        for way in lesser(best.strikes):
            best = self._along(way, best)
        return None if best is before else best

    def _along(self, way: Callable[[Storm], Iterator[Storm]], best: Trial) -> Trial:
        """Take away in one way as often as it goes."""
        while True:
            better = next((each for each in map(self._try, way(best.storm)) if each is not None), None)
            if better is None:
                return best
            best = better

    def _try(self, storm: Storm) -> Trial | None:
        """The storm, if it still does the same harm."""
        name = f"{storm.seed} {storm.text}"
        if name in self._seen or self.runs >= MOST_RUNS:
            return None
        self._seen.add(name)
        self.runs += 1
        if self._progress is not None:
            self._progress(self.runs, storm)
        try:
            trial = Trial(storm, self._integration)
        except HarnessError:  # it went where nothing can be said of it: no smaller storm of the same harm
            return None
        return trial if self._code in trial.codes else None
