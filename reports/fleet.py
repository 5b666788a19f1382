"""A fleet: the finished runs below some folders, by what was tried, and what could not be taken for a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from seatrial.reports.reading import Reading
from seatrial.reports.verdict import Outcome, Verdict
from seatrial.sim.manifest import About

Kind = Literal["crashed", "unfinished", "damaged", "edited", "conflict"]
"""crashed: the harness failed · unfinished: no last word, or never judged · damaged: evidence was lost since ·
edited: files of the run contradict each other or cannot be read · conflict: two histories of one seed.
"""


class Trial(msgspec.Struct, frozen=True, order=True):
    """What was tried: runs of one trial differ in nothing but the seed."""

    scenario: str
    """Name of the scenario."""
    integration: str
    """Name of the integration under test."""
    settings: tuple[tuple[str, str], ...] = ()
    """What was set over the scenario's own values, by dotted name, sorted."""
    version: str = ""
    """Version of Seatrial that made the runs."""
    digest: str = ""
    """SHA-256 of the scenario's text as it was written, before anything was set over it."""

    @classmethod
    def of(cls, about: About) -> Trial:
        """The trial that a run belongs to."""
        settings = tuple(sorted(about.settings.items()))
        version = about.versions.get("seatrial", "")
        written = about.origin_digest or about.scenario_digest
        return cls(about.scenario, about.integration, settings, version, written)

    @property
    def name(self) -> str:
        """Scenario and integration, as people say it."""
        return f"{self.scenario or 'a scenario without a name'} × {self.integration or 'unknown integration'}"

    @property
    def settings_text(self) -> str:
        """The settings as one types them; empty: none."""
        return " ".join(f"{name}={value!r}" for name, value in self.settings)

    @property
    def water(self) -> tuple[tuple[str, str], ...]:
        """Settings of the world; `controls.` belong to the integration under test."""
        return tuple((name, value) for name, value in self.settings if not name.startswith("controls."))


class FinishedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run that came to its end and was judged."""

    path: str
    """Its folder."""
    about: About
    """Scenario, seed, integration, settings and versions."""
    digest: str = ""
    """Identity of the run."""
    verdict: Verdict
    """The judgement, with limits and readings."""

    @property
    def seed(self) -> int:
        """Seed of all chance."""
        return self.about.seed

    @property
    def trial(self) -> Trial:
        """What was tried."""
        return Trial.of(self.about)

    @property
    def readings(self) -> Mapping[str, Reading]:
        """Its readings by name."""
        return {reading.name: reading for reading in self.verdict.readings}

    @property
    def passed(self) -> bool:
        """Whether its own verdict is green."""
        return self.verdict.outcome is Outcome.PASSED


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that should be a run and cannot be counted as one."""

    path: str
    """The folder."""
    kind: Kind
    """What is the matter."""
    what: str
    """The same in a sentence, with what to do."""

    @property
    def text(self) -> str:
        """Folder and sentence."""
        return f"{self.path}: {self.what}"


Series = Mapping[int, FinishedRun]
"""Runs of one trial by seed, in ascending order."""


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """Many runs."""

    runs: tuple[FinishedRun, ...] = ()
    """Every run that counts; one for each trial and seed."""
    strays: tuple[Stray, ...] = ()
    """What cannot be counted."""
    notes: tuple[str, ...] = ()
    """What was left out although nothing is wrong with it, such as a copy of a run."""
    label: str = ""
    """How people know it: its folders."""

    @property
    def currency(self) -> str:
        """Currency of the first run, ISO 4217."""
        return self.runs[0].verdict.facts.currency if self.runs else "GBP"

    def series(self) -> Mapping[Trial, Series]:
        """Runs by trial and seed, trials by name."""
        found: dict[Trial, dict[int, FinishedRun]] = {}
        for run in sorted(self.runs, key=lambda run: (run.trial, run.seed)):
            found.setdefault(run.trial, {})[run.seed] = run
        return found

    def kinds(self, *kinds: Kind) -> tuple[Stray, ...]:
        """The strays of these kinds."""
        return tuple(stray for stray in self.strays if stray.kind in kinds)


def fleet_of(
    runs: Iterable[FinishedRun], *, strays: Iterable[Stray] = (), notes: Iterable[str] = (), label: str = ""
) -> Fleet:
    """A fleet in which every seed of a trial counts once: a copy is left out, a contradiction is a stray."""
    kept: dict[tuple[Trial, int], FinishedRun] = {}
    wrong, said = list(strays), list(notes)
    for run in runs:
        first = kept.setdefault((run.trial, run.seed), run)
        if first is run:
            continue
        if first.digest == run.digest:
            said.append(f"{run.path} is the same run as {first.path}: seed {run.seed} counts once")
        else:
            wrong.append(Stray(path=run.path, kind="conflict", what=_two_histories(run, first)))
    return Fleet(runs=tuple(kept.values()), strays=tuple(wrong), notes=tuple(said), label=label)


def merged(fleets: Sequence[Fleet]) -> Fleet:
    """Several as one, in their order."""
    return fleet_of((run for fleet in fleets for run in fleet.runs), label=" and ".join(each.label for each in fleets))


def _two_histories(run: FinishedRun, first: FinishedRun) -> str:
    return (
        f"another history of seed {run.seed} of {run.trial.name} than {first.path}, though scenario, settings and "
        "version are the same · nobody can say which counts: take one of them away"
    )
