"""Exceptions: cases that people had to look at, by business team."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from seatrial.reports.cases import cases
from seatrial.reports.facts import TEAM_MINUTES, Facts
from seatrial.reports.journeys import order_journeys
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading, Unit

_TEAMS: Final = tuple(TEAM_MINUTES)
_NAMES: Final[tuple[tuple[str, Unit, str], ...]] = (
    ("count", "cases", "cases opened"),
    ("open", "cases", "cases still open at the end"),
    ("rate", "", "cases opened per order placed"),
)


class Exceptions(Measure):
    """Cases in the exception queues of the business teams.

    Formula: `count`: number of case numbers opened; `open`: those never closed; `rate`: count divided by orders placed;
    for each team and for all. Unit: cases; rate without unit. Source: `exception_opened` and `exception_closed` note
    rows of the integration, the team in column document; `exception.opened` and `exception.closed` event rows of the
    ERP, the team in column document_id; `order.placed` event rows. Known as: exception rate.
    """

    group = "people"
    defines = tuple(
        Definition(name=f"exceptions.{team}.{name}", unit=unit, better="lower", meaning=f"{words}: {team}")
        for team in (*_TEAMS, "total")
        for name, unit, words in _NAMES
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Count by team."""
        opened = log.derived(cases)
        waiting = opened.filter(~pl.col("closed"))
        orders = log.derived(order_journeys).height
        for team in _TEAMS:
            mine = pl.col("team") == team
            yield from self._team(team, opened.filter(mine), waiting.filter(mine), orders)
        yield from self._team("total", opened, waiting, orders)

    def _team(self, team: str, opened: pl.DataFrame, waiting: pl.DataFrame, orders: int) -> Iterable[Reading]:
        name, count = f"exceptions.{team}", opened.height
        yield self.reading(f"{name}.count", float(count), count, keys=opened["key"].head(5).to_list())
        yield self.reading(f"{name}.open", float(waiting.height), count, keys=waiting["key"].head(5).to_list())
        rate, detail = (count / orders, "") if orders else (None, "no orders")
        yield self.reading(f"{name}.rate", rate, orders, detail=detail)
