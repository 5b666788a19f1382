"""The report page: one HTML file for one run or several side by side, complete in itself, the verdict first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from seatrial.reports.page_damage import deck
from seatrial.reports.page_documents import COUNTS, DocumentTable, document_tables
from seatrial.reports.page_findings import FoundInRun, found
from seatrial.reports.page_headlines import HeadlineRow, headlines
from seatrial.reports.page_limits import LimitTable, limit_table
from seatrial.reports.page_opening import Card, card
from seatrial.reports.page_partners import PartnerRows, partner_rows
from seatrial.reports.page_people import TeamRow, team_rows
from seatrial.reports.page_replay import Passport, passport
from seatrial.reports.page_rules import RuleRow, rule_rows
from seatrial.reports.page_run import PageRun as PageRun
from seatrial.reports.page_timeline import TimeLine, time_line
from seatrial.sim.errors import BadInput, HarnessError


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the templates print."""

    title: str
    questions: tuple[str, ...]
    deck: str
    cards: tuple[Card, ...]
    headlines: tuple[HeadlineRow, ...]
    limits: LimitTable
    findings: tuple[FoundInRun, ...]
    time: TimeLine
    rules: tuple[RuleRow, ...]
    counts: tuple[tuple[str, str, str], ...]
    documents: tuple[DocumentTable, ...]
    partners: tuple[PartnerRows, ...]
    teams: tuple[TeamRow, ...]
    passports: tuple[Passport, ...]


def page(runs: Sequence[PageRun]) -> str:
    """The page for these runs, shown in this order, all against one scale. Raises BadInput without any."""
    if not runs:
        raise BadInput("a page needs a run", hint="name at least one run folder")
    return _environment().get_template("page.html.j2").render(report=_report(runs))


def write_page(path: Path | str, runs: Sequence[PageRun]) -> Path:
    """Write the page. Raises HarnessError when the disk refuses."""
    path = Path(path)
    text = page(runs)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"cannot write the page {path} · {error.strerror} · choose another place for it") from error
    return path


def _report(runs: Sequence[PageRun]) -> _Report:
    return _Report(
        title=" and ".join(dict.fromkeys(run.facts.scenario or "a run" for run in runs)),
        questions=tuple(dict.fromkeys(run.question for run in runs if run.question)),
        deck=deck(runs),
        cards=tuple(card(run, number) for number, run in enumerate(runs, start=1)),
        headlines=headlines(runs),
        limits=limit_table(runs),
        findings=found(runs),
        time=time_line(runs),
        rules=rule_rows(runs),
        counts=COUNTS,
        documents=document_tables(runs),
        partners=partner_rows(runs),
        teams=team_rows(runs),
        passports=tuple(passport(run) for run in runs),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("seatrial.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
