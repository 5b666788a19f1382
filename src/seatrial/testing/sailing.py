"""One seed of a test's course: sailed, judged, and written to a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from seatrial.mocks.guests.mishaps import Mishap
from seatrial.opening import open_run
from seatrial.reports.findings import Finding
from seatrial.reports.reading import Reading
from seatrial.reports.verdict import Outcome, Verdict
from seatrial.scenarios.loader import Loaded
from seatrial.sim.decisions import Decisions
from seatrial.sim.errors import BadInput
from seatrial.testing.course import Course
from seatrial.voyage import Interrupted, sail

RANK: Final = (Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.VIOLATED, Outcome.HARNESS_ERROR)
"""Verdicts, the gravest last."""


class SeedRun(msgspec.Struct):
    """What became of one seed."""

    seed: int
    """The seed."""
    verdict: Verdict
    """The judgement."""
    digest: str
    """SHA-256 over the evidence."""
    failure: str
    """How the integration died by itself; empty: it did not."""
    mishaps: tuple[Mishap, ...]
    """What its code raised and nobody took care of."""
    folder: Path
    """The run folder; after the test it is there where the test failed and this is one of the worst."""
    replayed: tuple[str, ...] = ()
    """What became of the strikes that were to be made again, in words; empty: this is no replay."""

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What broke a limit."""
        return tuple(each for each in self.verdict.findings if each.gravity == "violation")

    @property
    def gravity(self) -> tuple[int, float]:
        """How bad it is, to compare seeds by."""
        return RANK.index(self.verdict.outcome), len(self.violations)

    @property
    def evidence(self) -> pl.DataFrame:
        """Every row of evidence. Raises BadInput where it is kept no longer."""
        if not self.folder.is_dir():
            hint = "of many seeds that pass the first ones are let go: read it in a test of fewer seeds"
            raise BadInput("the evidence of this seed is not kept any more", value=self.seed, hint=hint)
        return open_run(self.folder).evidence

    def reading(self, name: str) -> Reading:
        """One reading. Raises BadInput for a name that no measure gave."""
        found = self.verdict.reading(name)
        if found is None:
            known = [each.name for each in self.verdict.readings]
            raise BadInput("no such reading", value=name, known=known, hint="`seatrial list measures` shows all")
        return found


def sail_seed(
    loaded: Loaded, course: Course, seed: int, folder: Path, *, decisions: Decisions | None, twice: bool
) -> SeedRun:
    """Sail one seed; `twice` has code of yours sail a second time, and do the same. Raises Diverged."""
    under = course.integration
    try:
        run = sail(loaded, seed=seed, integration=under, out=folder, replay=decisions, twice=None if twice else False)
    except Interrupted:
        raise KeyboardInterrupt from None  # it was meant for the whole session
    again = tuple(run.replayed.lines) if run.replayed else ()
    return SeedRun(seed, run.verdict, run.digest, run.failure, run.mishaps, folder, again)
