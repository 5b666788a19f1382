"""The report page: one HTML file for one run or several side by side, complete in itself, the verdict first.

However many runs there are and however large each is, it stays below `LARGEST`: the first few are shown in full, as
many as there is room for, the others in a line each.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seatrial.reports.comparison import Comparison
from seatrial.reports.page_causes import Causes, causes
from seatrial.reports.page_comparison import Changes, changes
from seatrial.reports.page_damage import deck
from seatrial.reports.page_documents import COUNTS, DocumentTable, document_tables
from seatrial.reports.page_drift import DriftView, drift_view
from seatrial.reports.page_findings import FoundInRun, found
from seatrial.reports.page_headlines import HeadlineRow, headlines
from seatrial.reports.page_limits import LimitTable, limit_table
from seatrial.reports.page_opening import Card, card
from seatrial.reports.page_partners import PartnerPanels, partner_panels
from seatrial.reports.page_people import TeamRow, team_rows
from seatrial.reports.page_replay import Passport, passport
from seatrial.reports.page_rest import Rest, rest
from seatrial.reports.page_rules import RuleTable, rule_table
from seatrial.reports.page_run import PageRun as PageRun
from seatrial.reports.page_timeline import TimeLine, time_line
from seatrial.reports.page_words import clipped, counted
from seatrial.sim.errors import BadInput, HarnessError

LARGEST: Final = 3 << 20
"""Bytes of a page of several runs, at most."""
IN_FULL: Final = (8, 4, 2, 1)
"""Runs that are shown in full: the first number with which there is room for all of them."""
_LONGEST: Final = 3_000
"""Letters of any one text on the page, at most."""


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the templates print."""

    title: str
    questions: tuple[str, ...]
    deck: str
    cards: tuple[Card, ...]
    rest: Rest
    changes: tuple[Changes, ...]
    causes: tuple[Causes, ...]
    headlines: tuple[HeadlineRow, ...]
    limits: LimitTable
    findings: tuple[FoundInRun, ...]
    time: TimeLine
    drift: DriftView | None
    rules: RuleTable
    counts: tuple[tuple[str, str, str], ...]
    documents: tuple[DocumentTable, ...]
    partners: PartnerPanels
    teams: tuple[TeamRow, ...]
    passports: tuple[Passport, ...]
    seeds: bool
    """Whether any reading has an interval over several seeds."""


def page(runs: Sequence[PageRun], comparisons: Sequence[Comparison] = ()) -> str:
    """The page for these runs, shown in this order, all against one scale, and what comparisons of many seeds say of
    them. Raises BadInput without any run.
    """
    if not runs:
        raise BadInput("a page needs a run", hint="name at least one run folder")
    text = b""
    for most in sorted({min(number, len(runs)) for number in IN_FULL}, reverse=True):
        report = _report(runs[:most], runs[most:], comparisons)
        text = _environment().get_template("page.html.j2").render(report=report).encode("utf-8", "replace")
        if len(text) < LARGEST:
            break
    return text.decode()  # by way of bytes: half a letter cannot be written to any disk


def write_page(path: Path | str, runs: Sequence[PageRun]) -> Path:
    """Write the page. Raises HarnessError when the disk refuses."""
    path = Path(path)
    text = page(runs)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"cannot write the page {path} · {error.strerror} · choose another place for it") from error
    return path


def _report(runs: Sequence[PageRun], others: Sequence[PageRun], comparisons: Sequence[Comparison]) -> _Report:
    titles = [*dict.fromkeys(run.facts.scenario or "a run" for run in runs)]
    return _Report(
        title=" and ".join([*titles, *([counted(len(others), "other run")] if others else [])]),
        questions=tuple(dict.fromkeys(run.question for run in runs if run.question)),
        deck=deck(runs),
        cards=tuple(card(run, number) for number, run in enumerate(runs, start=1)),
        rest=rest(others),
        changes=changes(comparisons),
        causes=causes(runs),
        headlines=headlines(runs),
        limits=limit_table(runs),
        findings=found(runs),
        time=time_line(runs),
        drift=drift_view(runs),
        rules=rule_table(runs),
        counts=COUNTS,
        documents=document_tables(runs),
        partners=partner_panels(runs),
        teams=team_rows(runs),
        passports=tuple(passport(run) for run in runs),
        seeds=any(run.estimates for run in runs),
    )


@cache
def _environment() -> Environment:
    """Templates, and the one script of the page with its hash: the page forbids itself to run any other."""
    loader = PackageLoader("seatrial.reports")
    found = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_bounded,
    )
    script = loader.get_source(found, "copy.js.j2")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    found.globals.update(script=Markup(script), script_hash=Markup(digest))
    return found


def _bounded(value: object) -> object:
    """What comes from others has no end of its own; what we wrote is markup already."""
    return clipped(value, _LONGEST) if isinstance(value, str) and not isinstance(value, Markup) else value
