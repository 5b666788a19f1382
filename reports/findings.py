"""Findings: what is wrong with a run, each with a stable code, a witness and the command that replays it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from seatrial.reports.witness import WitnessRow

Gravity = Literal["violation", "doubt", "remark"]
"""violation: it breaks a limit · doubt: it makes the run inconclusive · remark: worth knowing, within the limits."""
DIED = "INTEGRATION_DIED"
"""Code of the finding that the integration ended by itself."""
FIRST_KEYS = 5
"""Keys that a finding names."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a run."""

    code: str
    """Stable code, such as DUPLICATE_SALES_ORDER."""
    title: str
    """What is wrong, in words."""
    gravity: Gravity
    """What it means for the verdict."""
    measure: str = ""
    """Name of the reading that shows it."""
    count: float = 1.0
    """How often, or how much, in the unit of the reading."""
    keys: tuple[str, ...] = ()
    """The first few business keys."""
    witness: tuple[WitnessRow, ...] = ()
    """The shortest chain of evidence that shows it, for the first key."""
    replay: str = ""
    """The command that makes the run again."""


def kinds_of(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Findings of one code that say the same of different cases stand together, in the order of the first of each."""
    kinds: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.gravity, finding.code, finding.title), []).append(finding)
    return tuple(tuple(kind) for kind in kinds.values())


def is_posthumous(finding: Finding, findings: Iterable[Finding]) -> bool:
    """Whether the integration had ended by itself before anything of this came about: no safeguard was missing."""
    end = next((each.witness[-1].number for each in findings if each.code == DIED and each.witness), None)
    return end is not None and bool(finding.witness) and finding.witness[0].number > end
