"""Saved runs: a run folder of today or of last year, read, and judged where it was not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import polars as pl

from seatrial.reports.coherence import kept_verdict
from seatrial.reports.facts import Facts
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.reading import Reading
from seatrial.reports.saved import VERDICT, facts_of
from seatrial.reports.verdict import Verdict
from seatrial.scenarios.document import Document
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.runfolder import RunFolder

_SCENARIO = "scenario.yaml"


class SavedRun:
    """A run as its folder has it, complete or not: evidence, readings and verdict.

    Nothing is read before it is asked for. `verdict` and `readings` raise BadInput where what was kept of them is
    damaged, or was edited by hand so that the files contradict each other; they and `log` raise HarnessError where all
    of the evidence was lost.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        state = f", incomplete: {self.incomplete}" if self.incomplete else ""
        return f"SavedRun({str(self.folder.path)!r}, {self.rows:,} rows{state})"

    @property
    def digest(self) -> str:
        """SHA-256 over the evidence as the run said at its end; empty: it never came to its end."""
        return self.folder.manifest.digest if self.folder.manifest else ""

    @property
    def rows(self) -> int:
        """Rows of evidence that can be read."""
        return self.folder.kept.rows

    @property
    def incomplete(self) -> str:
        """What is missing of the run, in one sentence; empty: nothing."""
        return self.folder.why_incomplete

    @property
    def damage(self) -> str:
        """What of the evidence was lost since the run was made, in one sentence; empty: nothing."""
        return self.folder.damage

    def check(self) -> None:
        """Raises HarnessError where evidence was lost: which file, and what to do."""
        if self.damage:
            what = f"evidence was lost since the run was made: {self.damage}"
            hint = f"bring the file back from a copy, or run it again: {self.facts.command()}"
            raise HarnessError(f"{self.folder.path}: {what} · {hint}")

    @cached_property
    def facts(self) -> Facts:
        """What is known of the run besides its evidence: scenario, seed, integration, start, fault windows."""
        return facts_of(self.folder)

    @cached_property
    def log(self) -> Logbook:
        """The evidence as the measures read it."""
        if not self.rows:
            self.check()
        return Logbook(self.folder.scan())

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict that was kept; a run without one, or one that lost evidence since, is judged now."""
        if self.folder.complete and (self.folder.path / VERDICT).is_file():
            return self._kept()
        return judge(self.log, self.facts, self._expected())

    def _kept(self) -> Verdict:
        try:
            return kept_verdict(self.folder)
        except BadInput as error:
            raise error.at(str(self.folder.path)) from None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every reading of every measure, by name."""
        return self.verdict.readings

    @property
    def evidence(self) -> pl.DataFrame:
        """Every row of evidence; `.to_pandas()` and `.to_arrow()` give it to others."""
        return self.scan().collect()

    def scan(self) -> pl.LazyFrame:
        """The evidence, read when it is asked for: the way to read a long run."""
        return self.folder.scan()

    def reading(self, name: str) -> Reading:
        """One reading. Raises BadInput for a name that no measure gave."""
        found = self.verdict.reading(name)
        if found is None:
            raise BadInput("no such reading", value=name, known=[each.name for each in self.readings])
        return found

    @property
    def question(self) -> str:
        """What the scenario asks, in one sentence; empty: it does not lie beside the evidence."""
        asked = self._said("asks")
        return asked if isinstance(asked, str) else ""

    def _expected(self) -> Mapping[str, object]:
        """The limits of the scenario."""
        expected = self._said("expect")
        return expected if isinstance(expected, dict) else {}

    def _said(self, name: str) -> object:
        """A value of the scenario that lies beside the evidence."""
        path = self.folder.path / _SCENARIO
        return Document.read(path).plain.get(name) if path.is_file() else None


def open_run(folder: str | Path) -> SavedRun:
    """Open a run that was written before, on this machine or another. Raises BadInput for a folder that holds none."""
    return SavedRun(RunFolder.open(folder))
