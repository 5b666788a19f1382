"""`suite.json`: everything that a suite was and did, in one file beside its runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from seatrial.exit_codes import worst
from seatrial.reports.muster import CRASH
from seatrial.reports.verdict import EXIT_CODES, Outcome
from seatrial.sim.errors import BadInput
from seatrial.sim.manifest import MANIFEST, load, versions
from seatrial.suite_job import Done
from seatrial.suite_place import Found
from seatrial.suite_plan import Passage

SUITE: Final = "suite.json"
"""File in the folder of a suite."""
FORMAT: Final = 1
"""Version of its layout."""
NOT_RUN: Final = "not run"
"""What stands for the verdict of a run that was not made."""
STOPPED: Final = "stopped"
"""Trouble that somebody wanted: Ctrl-C."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a suite."""

    scenario: str
    """Name of the scenario."""
    scenario_digest: str
    """SHA-256 of its text."""
    integration: str
    """Name of the integration under test."""
    seed: int
    """Seed of all chance."""
    settings: dict[str, str] = {}
    """What was set over the scenario's own values."""
    folder: str
    """Its run folder, below that of the suite."""
    outcome: str = NOT_RUN
    """passed, violated, inconclusive, harness error, or not run."""
    digest: str = ""
    """Identity of the run."""
    rows: int = 0
    """Rows of evidence."""
    findings: tuple[str, ...] = ()
    """Codes of what is wrong, the gravest first."""
    why: str = ""
    """The first reason of the verdict, or what went wrong in the harness."""
    raised: str = ""
    """The first that its code raised and nobody took care of; empty: nothing."""
    seconds: float = 0.0
    """Real seconds that it took; 0: not known."""
    resumed: bool = False
    """Whether it was there already."""


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """A suite: its runs, and what they amount to."""

    folder: str = ""
    """Its folder."""
    began: str = ""
    """When it was begun, ISO 8601."""
    ended: str = ""
    """When it was over; empty: it is under way, or was killed."""
    seconds: float = 0.0
    """Real seconds that it took."""
    crew: str = ""
    """Who made the runs."""
    trouble: str = ""
    """What ended it before its time; empty: nothing."""
    versions: dict[str, str] = {}
    """Versions of what made the runs."""
    runs: tuple[Entry, ...] = ()
    """The runs that were asked for, in their order."""
    others: tuple[Entry, ...] = ()
    """Runs of earlier suites in the same folder."""
    format: int = FORMAT
    """Version of the file's layout."""

    @property
    def exit_code(self) -> int:
        """That of the worst run; 3 as well where one was not made."""
        codes = [3 if run.outcome == NOT_RUN else EXIT_CODES[Outcome(run.outcome)] for run in self.runs]
        return worst([*codes, 3 if self.trouble else 0])

    def counted(self, outcome: str) -> int:
        """How many runs ended with this word."""
        return sum(run.outcome == outcome for run in self.runs)


def entry(passage: Passage) -> Entry:
    """A run that has not been made."""
    return Entry(
        scenario=passage.scenario,
        scenario_digest=passage.loaded.digest,
        integration=passage.integration,
        seed=passage.seed,
        settings=dict(passage.loaded.settings),
        folder=passage.place,
    )


def made(before: Entry, done: Done) -> Entry:
    """The same run, made."""
    return msgspec.structs.replace(
        before,
        outcome=done.outcome.value,
        digest=done.digest,
        rows=done.rows,
        findings=tuple(dict.fromkeys(done.findings)),
        why=done.why,
        raised=done.raised,
        seconds=round(done.seconds, 3),
    )


def resumed(before: Entry, found: Found, earlier: Mapping[str, Entry] = MappingProxyType({})) -> Entry:
    """The same run, which was there already; as it is where it was not."""
    if found.judged is None or found.manifest is None:
        return before
    told = earlier.get(before.folder)
    done = Done(
        outcome=found.judged.outcome,
        digest=found.manifest.digest,
        rows=found.manifest.rows,
        findings=tuple(each.code for each in found.judged.findings if each.gravity != "remark"),
        why=next(iter(found.judged.reasons), ""),
        raised=next(iter(found.judged.facts.mishaps), ""),
        seconds=told.seconds if told is not None and told.digest == found.manifest.digest else 0.0,
    )
    return msgspec.structs.replace(made(before, done), resumed=True)


def begun(out: Path, runs: Iterable[Entry], crew: str, earlier: Mapping[str, Entry]) -> Suite:
    """A suite at its start. Runs of earlier ones that are still there stay in its file."""
    entries = tuple(runs)
    ours = {run.folder for run in entries}
    others = tuple(run for run in earlier.values() if run.folder not in ours and _is_there(out / run.folder))
    return Suite(folder=str(out), began=_now(), crew=crew, versions=versions(), runs=entries, others=others)


def over(suite: Suite, runs: Iterable[Entry], seconds: float, trouble: str) -> Suite:
    """The same suite at its end."""
    return msgspec.structs.replace(suite, runs=tuple(runs), seconds=round(seconds, 3), ended=_now(), trouble=trouble)


def load_suite(path: Path | str) -> Suite:
    """The suite in a folder. Raises BadInput where there is none, or none that can be read."""
    return load(Path(path) / SUITE, Suite)


def earlier_runs(out: Path) -> dict[str, Entry]:
    """What the file of earlier suites in this folder says of its runs, by their folders."""
    with suppress(BadInput):  # edited by hand or damaged: the runs themselves are what counts
        before = load_suite(out)
        return {run.folder: run for run in (*before.others, *before.runs)}
    return {}


def _is_there(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() or (folder / CRASH).is_file()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
