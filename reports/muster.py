"""The muster: looks through folders for runs and tells finished, half-written, damaged and edited ones apart."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from seatrial.reports.coherence import kept_verdict
from seatrial.reports.fleet import FinishedRun, Fleet, Kind, Stray, fleet_of
from seatrial.reports.saved import READINGS, VERDICT
from seatrial.reports.verdict import Outcome
from seatrial.sim.errors import BadInput
from seatrial.sim.manifest import MANIFEST, START
from seatrial.sim.parts import part_name
from seatrial.sim.runfolder import RunFolder

CRASH: Final = "suite-error.json"
"""File that a suite leaves in place of a manifest where the harness failed."""
_MARKS: Final = frozenset({MANIFEST, START, CRASH, VERDICT, part_name(0)})
"""Files by which a folder is known to be meant as a run."""


class Crash(msgspec.Struct, frozen=True):
    """What a suite says of a run that the harness could not make."""

    scenario: str = ""
    """Name of the scenario."""
    integration: str = ""
    """Name of the integration under test."""
    seed: int = 0
    """Seed of all chance."""
    error: str = ""
    """What went wrong, in words."""


def muster(paths: Iterable[Path | str]) -> Fleet:
    """Every run in or below these folders, each folder once; their evidence is not read, only counted.

    Raises BadInput for a path that is no folder, and where there is nothing that looks like a run.
    """
    given = [Path(path) for path in paths]
    found = [_look(folder) for folder in dict.fromkeys(folder for path in given for folder in folders(path))]
    label = ", ".join(map(str, given))
    if not found:
        hint = "give the folder that `seatrial suite --out DIR` wrote; there has to be a run in it"
        raise BadInput("no runs at all", value=label, hint=hint)
    runs = (each for each in found if isinstance(each, FinishedRun))
    strays = (each for each in found if isinstance(each, Stray))
    return fleet_of(runs, strays=strays, label=label)


def folders(path: Path) -> Iterator[Path]:
    """Folders that are meant as runs, in or below this one, in order of their names."""
    if not path.is_dir():
        what = "runs lie in a folder, this is a file" if path.exists() else "no such folder"
        raise BadInput(what, value=str(path), hint="give the folder that `seatrial suite --out DIR` wrote")
    for place, inner, names in os.walk(path):
        inner.sort()
        if _MARKS & set(names):
            inner.clear()
            yield Path(place)


def _look(path: Path) -> FinishedRun | Stray:
    if (path / CRASH).is_file() and not (path / MANIFEST).is_file():
        return _stray(path, "crashed", f"the harness failed: {_crash(path)} · run it again")
    try:
        folder = RunFolder.open(path)
    except BadInput as error:
        return _stray(path, "edited", str(error))
    if folder.manifest is None:
        kind: Kind = "edited" if (path / MANIFEST).is_file() else "unfinished"
        return _stray(path, kind, folder.why_incomplete)
    if not folder.complete:
        return _stray(path, "damaged", f"evidence was lost since the run: {folder.why_incomplete} · run it again")
    if not (path / VERDICT).is_file() or not (path / READINGS).is_file():
        return _stray(path, "unfinished", f"the run was never judged: it has no {VERDICT} · run it again")
    return _judged(folder)


def _judged(folder: RunFolder) -> FinishedRun | Stray:
    try:
        verdict = kept_verdict(folder)
    except BadInput as error:
        return _stray(folder.path, "edited", str(error))
    if verdict.outcome is Outcome.HARNESS_ERROR:
        return _stray(folder.path, "crashed", f"the harness failed: {'; '.join(verdict.reasons)} · run it again")
    digest = folder.manifest.digest if folder.manifest else ""
    return FinishedRun(path=str(folder.path), about=folder.about, digest=digest, verdict=verdict)


def _crash(path: Path) -> str:
    try:
        told = msgspec.json.decode((path / CRASH).read_bytes(), type=Crash)
    except (OSError, msgspec.DecodeError) as error:
        return f"{CRASH} cannot be read ({error})"
    return f"{told.error or 'it does not say why'} ({told.scenario} × {told.integration}, seed {told.seed})"


def _stray(path: Path, kind: Kind, what: str) -> Stray:
    return Stray(path=str(path), kind=kind, what=what)
