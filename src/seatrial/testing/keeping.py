"""What a test leaves behind: nothing where it passed, the worst of its runs where it failed."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from seatrial.testing.course import REPLAY, Course, Helm
from seatrial.testing.sailing import SeedRun
from seatrial.testing.trial import SeaTrial
from seatrial.testing.words import Failed, trial_lines

KEPT: Final = 3
"""Runs that a failing test leaves behind."""
IGNORED: Final = """\
# left behind by failing tests; what `seatrial search` found belongs into the repository
*
!/storms/
!/storms/**
"""
_ODD: Final = re.compile(r"[^\w.:/\[\]-]")
"""Letters that are left out of a folder's name, besides those that every name of a test has."""
_LONGEST: Final = 100
_DIGITS: Final = 8


class Logged(msgspec.Struct, frozen=True):
    """Where a test leaves what it has to leave, and how it is called again."""

    place: Path
    """Folder of all tests."""
    name: str
    """Name of the test, as pytest knows it."""
    command: str
    """What runs it again."""
    here: Path
    """Where whoever reads it stands."""
    folders: tuple[Path, ...] = ()
    """Where its scenario may lie."""

    @property
    def folder(self) -> Path:
        """Folder of this test."""
        plain = re.sub(r"[^\w.-]+", "-", self.name).strip("-.")
        if len(plain) > _LONGEST or _ODD.search(self.name):
            mark = hashlib.sha256(self.name.encode()).hexdigest()[:_DIGITS]
            plain = f"{plain[: _LONGEST - _DIGITS - 1]}-{mark}"  # two names may be alike without their odd letters
        return self.place / plain


class LoggedTrial:
    """A trial and its place: `told` says what became of it where the test failed, and keeps the worst runs."""

    def __init__(self, trial: SeaTrial, logged: Logged) -> None:
        self.trial = trial
        self._logged = logged

    def told(self, properties: list[tuple[str, object]]) -> str:
        """The report section of a failing test, and what of it other programs want to know; nothing was sailed: empty.

        `properties` takes the latter.
        """
        trial = self.trial
        if not trial.runs:
            return ""
        shown = next(reversed(trial.asked.values()), None) or trial.worst
        kept, lost = self._kept(shown)
        properties.append(("seatrial_replay", f"{self._logged.command} {REPLAY} {shown.seed}"))
        properties += [("seatrial_run", str(folder)) for folder in kept[:1]]
        lines = trial_lines(Failed(trial.runs, trial.asked, shown, kept, self._logged.command))
        return "\n".join([*lines, *lost])

    def _kept(self, shown: SeedRun) -> tuple[list[Path], list[str]]:
        """The folders that stay, and why where none does."""
        try:
            return [self._short(folder) for folder in self._keep(shown)], []
        except OSError as error:
            return [], [f"  no run was kept: {error}; the ini setting seatrial_dir names another place"]

    def _keep(self, shown: SeedRun) -> Iterator[Path]:
        others = sorted((run for run in self.trial.runs if run is not shown), key=lambda run: run.gravity, reverse=True)
        place = self._logged.folder
        _make(self._logged.place, place)
        for run in [shown, *others][:KEPT]:
            target = place / f"{'replayed-' if self.trial.helm.decisions else ''}seed-{run.seed}"
            if run.folder.is_dir() and run.folder != target:
                shutil.rmtree(target, ignore_errors=True)
                shutil.move(run.folder, target)
                run.folder = target
            if run.folder.is_dir():
                yield run.folder

    def _short(self, folder: Path) -> Path:
        here = self._logged.here
        return folder.relative_to(here) if folder.is_relative_to(here) else folder


@contextmanager
def logged_trial(course: Course, helm: Helm, logged: Logged) -> Iterator[LoggedTrial]:
    """A trial for one test. What an earlier one left behind goes, unless this is a replay."""
    if not helm.replays:
        shutil.rmtree(logged.folder, ignore_errors=True)
    with TemporaryDirectory(prefix="seatrial-", ignore_cleanup_errors=True) as place:
        yield LoggedTrial(SeaTrial(course, helm, Path(place), logged.folders), logged)


def _make(place: Path, folder: Path) -> None:
    """The folders; what lies in them belongs into no repository, except for the storms of `seatrial search`."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = place / ".gitignore"
    if not ignore.exists():
        ignore.write_text(IGNORED, encoding="utf-8")
