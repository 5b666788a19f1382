"""Manual effort: the time that people spend on exceptions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from seatrial.reports.cases import cases
from seatrial.reports.facts import TEAM_MINUTES, Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading

_TEAMS: Final = tuple(TEAM_MINUTES)


class ManualEffort(Measure):
    """Time that the business teams spend on exception cases.

    Formula: case numbers opened for a team times the minutes that the scenario gives for a case of that team, for each
    team and for all. Unit: min. Source: the same rows as `exceptions`; the minutes are a parameter of the scenario.
    Known as: manual reconciliation effort.
    """

    group = "people"
    defines = tuple(
        Definition(
            name=f"manual_effort.{team}", unit="min", better="lower", meaning=f"minutes spent on exceptions: {team}"
        )
        for team in (*_TEAMS, "total")
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Minutes by team."""
        opened = log.derived(cases)
        counts: dict[str, int] = dict(opened.group_by("team").len().iter_rows())
        total = 0.0
        for team in _TEAMS:
            minutes = counts.get(team, 0) * facts.minutes.get(team, TEAM_MINUTES[team])
            total += minutes
            yield self.reading(f"manual_effort.{team}", float(minutes), counts.get(team, 0))
        yield self.reading("manual_effort.total", float(total), opened.height)
