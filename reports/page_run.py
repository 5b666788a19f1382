"""One run as the report page shows it: its verdict, its evidence and what is printed beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.page_words import Calendar
from seatrial.reports.verdict import Verdict

if TYPE_CHECKING:
    from seatrial.reports.estimates import Estimate  # it brings numpy, and whoever starts a run waits for it

FINE: Final = 1200.0
"""Seconds of a run up to which its moments are told to the second."""


@dataclass(frozen=True, kw_only=True)
class PageRun:
    """One run on the page. A page that shows several calls each by its `label`."""

    verdict: Verdict
    """The judgement, with the facts that it was made on."""
    log: Logbook
    """The evidence; give the logbook that the judge read, so that nothing is read twice."""
    question: str = ""
    """The question that the scenario asks, in one sentence."""
    label: str = ""
    """What the page calls the run; empty: the name of its integration."""
    digest: str = ""
    """Digest of the evidence: the identity of the run."""
    rows: int = 0
    """Rows of evidence; 0: not told."""
    why_incomplete: str = ""
    """What is missing of the run, in one sentence; empty: nothing."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What made the run: names and versions."""
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    """Readings over many seeds with their intervals, by name of the reading; empty: one seed only."""

    @property
    def facts(self) -> Facts:
        """What is known of the run besides its evidence."""
        return self.verdict.facts

    @property
    def name(self) -> str:
        """What the page calls the run."""
        return self.label or self.facts.integration or "the run"

    @property
    def seconds(self) -> float:
        """Length of the run: as the facts say, else to its last row."""
        return self.facts.duration or self.log.end / 1_000_000

    @property
    def calendar(self) -> Calendar:
        """Moments of the run as people say them."""
        return Calendar(self.facts.started, fine=self.seconds < FINE)
