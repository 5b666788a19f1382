"""What made a run, and how it is made again."""

from __future__ import annotations

import msgspec

from seatrial.reports.page_run import PageRun
from seatrial.sim.units import short_duration


class Passport(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of a run."""

    name: str
    """What the page calls the run."""
    command: str
    """The command that makes it again."""
    entries: tuple[tuple[str, str], ...]
    """What is known of it: name and value."""


def passport(run: PageRun) -> Passport:
    """What is known of a run, without what nobody knows."""
    facts, calendar = run.facts, run.calendar
    phases = ", ".join(f"{phase.name} {calendar.window(phase.begin, phase.end)}" for phase in facts.phases)
    known = (
        ("scenario", facts.scenario),
        ("integration", facts.integration),
        ("seed", str(facts.seed)),
        ("clock starts", facts.started),
        ("length", short_duration(run.seconds) if run.seconds else ""),
        ("phases", phases),
        ("rows of evidence", f"{run.rows:,}" if run.rows else ""),
        ("digest", run.digest),
        ("made with", ", ".join(f"{name} {version}" for name, version in sorted(run.versions.items()))),
    )
    entries = tuple((name, value) for name, value in known if value)
    return Passport(name=run.name, command=facts.command(), entries=entries)
