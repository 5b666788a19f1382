"""The sea trial of a test: scenarios that it sails, and what became of them over all seeds."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from seatrial.mocks.guests.entry import Under
from seatrial.own_thread import apart
from seatrial.reports.findings import Finding
from seatrial.reports.reading import Reading
from seatrial.reports.verdict import Outcome, Verdict
from seatrial.scenarios.loader import Loaded
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.testing.course import MARKER, REPLAY, Course, Helm, Seeds, changed, loaded_of
from seatrial.testing.sailing import SeedRun, sail_seed
from seatrial.testing.teaching import OfTheTest, shown_at_the_test
from seatrial.testing.words import verdict_lines

_HELD: Final = 100
"""Run folders of passed seeds that a test holds on to while it goes on."""
_VOYAGES: Final = 10
"""Calls of `run` of whose seeds the folders are held."""

_SHOWN: Final = 5
"""Seeds that its text tells of."""


class Died(OfTheTest, AssertionError):
    """The integration under test ended by itself: what it left undone says nothing about faults."""


class NothingToCount(OfTheTest, AssertionError):
    """No document of this class was ever made or owed: a count of none would be no result."""


class NothingSailed(OfTheTest, UserWarning):
    """A test asked for the fixture `sea` and never ran anything with it: that it passes says nothing."""


class FaultNeverStruck(OfTheTest, UserWarning):
    """A fault of the scenario struck in none of the runs: a test that passes has not met it."""


class SeaTrial:
    """The fixture `sea`: `run` sails, everything else tells what became of it, over all seeds of the last `run`.

    States: nothing sailed yet (whoever asks gets a BadInput), sailed. Raises BadInput for what cannot be sailed or
    read, Died for an integration that ended by itself, HarnessError for what left virtual time.
    """

    def __init__(self, course: Course, helm: Helm, place: Path, folders: Sequence[Path] = ()) -> None:
        self.runs: tuple[SeedRun, ...] = ()
        """What became of each seed, in their order."""
        self.course = course
        """What the last `run` sailed, or will sail."""
        self.asked: dict[str, SeedRun] = {}
        """Readings that the test asked for, the last one last, with the seed that was worst."""
        self.helm = helm
        """What the command line says."""
        self.called = False
        """Whether `run` was called, whatever became of it."""
        self._base = course
        self._place = place
        self._folders = folders
        self._sailed = 0

    def __repr__(self) -> str:
        found = ", ".join(f"seed {run.seed} {run.verdict.outcome.value}" for run in self.runs[:_SHOWN])
        more = f" and {len(self.runs) - _SHOWN} more" if len(self.runs) > _SHOWN else ""
        return f"<sea: {self.course.scenario or 'no scenario'}: {found or 'nothing sailed'}{more}>"

    @shown_at_the_test
    def run(
        self,
        integration: Under = "",
        *,
        scenario: str | Path = "",
        seeds: Seeds | None = None,
        settings: Mapping[str, str] | None = None,
        fail_fast: bool | None = None,
        twice: bool | None = None,
    ) -> tuple[SeedRun, ...]:
        """Sail the scenario of the marker by each of its seeds, in virtual time; what is given here takes precedence.

        `integration` is a function, `package.module:function`, or a name of the catalogue. All seeds are sailed, unless
        `fail_fast` says that the first violated one is the last.
        """
        self.called = True
        given = {
            "integration": integration or None,
            "scenario": scenario or None,
            "seeds": seeds,
            "settings": settings,
            "fail_fast": fail_fast,
            "twice": twice,
        }
        self._run({name: value for name, value in given.items() if value is not None})
        return self.runs

    @shown_at_the_test
    def duplicates(self, document: str) -> int:
        """Live documents of a class beyond the first under their business key, in the worst seed."""
        return self._counted(f"duplicates.{document}", document)

    @shown_at_the_test
    def lost(self, document: str) -> int:
        """Documents of a class that the trade owed and that are not there, in the worst seed."""
        return self._counted(f"lost.{document}", document)

    @shown_at_the_test
    def reading(self, name: str) -> Reading:
        """A reading in the worst seed: the highest value, or the lowest where higher is better."""
        self._check_sailed()
        found = {run.seed: run.reading(name) for run in self.runs}
        worst = max(self.runs, key=lambda run: _badness(found[run.seed]))
        self.asked.pop(name, None)
        self.asked[name] = worst
        return found[worst.seed]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdict of every seed, in their order."""
        return tuple(run.verdict for run in self.runs)

    @property
    @shown_at_the_test
    def worst(self) -> SeedRun:
        """The seed with the gravest verdict, the first of them."""
        self._check_sailed()
        return max(self.runs, key=lambda run: run.gravity)

    @property
    @shown_at_the_test
    def verdict(self) -> Verdict:
        """The gravest verdict."""
        return self.worst.verdict

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What broke a limit, of all seeds in their order."""
        return tuple(each for run in self.runs for each in run.violations)

    @property
    def mishaps(self) -> tuple[str, ...]:
        """What the integration's own code raised and nobody took care of, of all seeds."""
        return tuple(f"seed {run.seed}: {each}" for run in self.runs for each in run.mishaps)

    @shown_at_the_test
    def assert_passed(self, *, inconclusive: bool = False) -> None:
        """Raise AssertionError unless every seed passed; `inconclusive` says that it may also be that."""
        __tracebackhide__ = True  # the test's own line says enough
        worst = self.worst
        fine = (Outcome.PASSED, Outcome.INCONCLUSIVE) if inconclusive else (Outcome.PASSED,)
        if worst.verdict.outcome not in fine:
            raise AssertionError("\n".join(verdict_lines(worst, self.runs)))

    def _run(self, given: Mapping[str, object]) -> None:
        course = changed(self._base, given, "sea.run")
        if "settings" in given:
            course = msgspec.structs.replace(course, settings={**self._base.settings, **course.settings})
        if not course.scenario:
            hint = f"{MARKER}('lost-erp-replies'), or sea.run(..., scenario='lost-erp-replies')"
            raise BadInput("no scenario to sail", hint=hint)
        self.course = msgspec.structs.replace(course, seeds=self.helm.seeds or course.seeds)
        loaded = loaded_of(course, self._folders)
        self._check_log(loaded)
        self._sailed += 1
        shutil.rmtree(self._place / str(self._sailed - _VOYAGES), ignore_errors=True)
        self.runs, self.asked = (), {}
        apart(lambda: self._sail_all(loaded))
        self._look_out()

    def _sail_all(self, loaded: Loaded) -> None:
        course = self.course
        for number, seed in enumerate(course.seeds):
            folder = self._place / str(self._sailed) / f"seed-{seed}"
            twice = course.twice and not number and not self.helm.replays
            try:
                done = sail_seed(loaded, course, seed, folder, decisions=self.helm.decisions, twice=twice)
            except HarnessError as error:
                error.add_note(f"seed {seed} of {loaded.scenario.name}: {REPLAY} {seed} sails it alone")
                raise
            self.runs = (*self.runs, done)
            if course.fail_fast and done.verdict.outcome is Outcome.VIOLATED:
                return
            self._let_go()

    def _let_go(self) -> None:
        """Drop the evidence of a run that passed, where too many are held."""
        held = [run for run in self.runs if run.verdict.outcome is Outcome.PASSED and run.folder.is_dir()]
        if len(held) > _HELD:
            shutil.rmtree(held[0].folder, ignore_errors=True)

    def _look_out(self) -> None:
        """What a count would hide: an integration that is dead, a fault that never was."""
        dead = next((run for run in self.runs if run.failure), None)
        if dead is not None:
            raise Died(f"the integration under test ended by itself, seed {dead.seed}: {dead.failure}")
        struck = {rule.rule: 0 for run in self.runs for rule in run.verdict.coverage}
        for run in self.runs:
            for rule in run.verdict.coverage:
                struck[rule.rule] += rule.fired
        for name in (name for name, times in struck.items() if not times):
            text = f"{name} struck in none of {len(self.runs)} runs of {self.course.scenario}"
            warnings.warn(FaultNeverStruck(text), stacklevel=5)

    def _check_log(self, loaded: Loaded) -> None:
        decisions = self.helm.decisions
        if decisions is not None and decisions.origin.scenario != loaded.scenario.name:
            hint = f"this test sails {loaded.scenario.name}; name the test that left the folder behind"
            raise BadInput(
                "the decisions are of another scenario", value=decisions.origin.scenario, where=REPLAY, hint=hint
            )

    def _check_sailed(self) -> None:
        if not self.runs:
            raise BadInput("nothing was sailed", hint="call sea.run(my_integration) first")

    def _counted(self, name: str, document: str) -> int:
        found = self.reading(name)
        if not any(run.reading(name).samples for run in self.runs):
            how = "owed" if name.startswith("lost") else "made"
            why = f" · {found.detail}" if found.value is None and found.detail else ""
            raise NothingToCount(f"{name}: no {document} was {how} in any of {len(self.runs)} runs{why}")
        return int(found.value or 0)


def _badness(reading: Reading) -> float:
    if reading.value is None:
        return -inf
    return -reading.value if reading.better == "higher" else reading.value
