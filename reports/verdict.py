"""The verdict on a run: passed, violated, inconclusive or harness error, with all that speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Literal

import msgspec

from seatrial.reports.facts import Facts
from seatrial.reports.findings import Finding
from seatrial.reports.reading import Reading, Unit


class Outcome(StrEnum):
    """The four classes of a verdict."""

    PASSED = "passed"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"
    HARNESS_ERROR = "harness error"


EXIT_CODES: Mapping[Outcome, int] = {
    Outcome.PASSED: 0,
    Outcome.VIOLATED: 1,
    Outcome.HARNESS_ERROR: 3,
    Outcome.INCONCLUSIVE: 4,
}
"""What the command line ends with; 2 is bad input, which never gets as far as a verdict."""


class JudgedLimit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit, held against one reading."""

    measure: str
    """Name of the reading."""
    limit: str
    """The limit as people write it, such as `<= 30 min`."""
    value: float | None
    """The reading; infinite: never; None: not measured."""
    unit: Unit
    """Unit of the reading."""
    judgement: Literal["held", "broken", "open"]
    """open: it could not be decided."""
    why: str = ""
    """Why it could not be decided."""
    standing: bool = False
    """Whether it is one of the limits that stand in every scenario."""


class RuleCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one fault rule."""

    rule: str
    """Name of the rule."""
    fault: str = ""
    """Kind of the fault."""
    at: str = "*"
    """Where it was aimed."""
    begin: float = 0.0
    """Second of the run from which it was armed."""
    end: float = float("inf")
    """Second of the run until which it was armed; infinite: to the end."""
    matched: int | None = None
    """Calls that it could have struck; None: nobody counted them."""
    fired: int = 0
    """Calls that it struck."""
    mattered: int = 0
    """Strikes that somebody noticed."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The judgement of one run."""

    outcome: Outcome
    """passed, violated, inconclusive or harness error."""
    reasons: tuple[str, ...] = ()
    """Why, in words, the gravest first; empty when the run passed."""
    facts: Facts
    """The run that was judged."""
    limits: tuple[JudgedLimit, ...] = ()
    """Every limit, in the order written; those that stand in every scenario last."""
    findings: tuple[Finding, ...] = ()
    """What is wrong, the gravest first."""
    coverage: tuple[RuleCoverage, ...] = ()
    """What became of every fault rule."""
    readings: tuple[Reading, ...] = ()
    """Every reading, by name."""

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return EXIT_CODES[self.outcome]

    def reading(self, name: str) -> Reading | None:
        """A reading by its name."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Reading]:
        """A run may have thousands of readings, and whoever prints them asks for each."""
        return {reading.name: reading for reading in reversed(self.readings)}
