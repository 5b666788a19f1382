"""What broke and why: from the fault that struck to what it cost, as the witness of each finding shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from seatrial.reports.detection import definition_of
from seatrial.reports.findings import DIED, Finding
from seatrial.reports.page_findings import FindingView, finding_views
from seatrial.reports.page_meanings import known_definitions
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import amount_text, capitalised, clipped
from seatrial.reports.witness import WitnessRow, call_struck, culprit

TOLD: Final = 8
"""Causes that are told for a run; the findings have the rest."""
_FINE: Final = frozenset(("", "ok", "created", "updated", "begin", "end", "reversed", "mattered"))


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One chain from a fault to its harm, in words."""

    rule: str
    """The rule whose strike the harm came of (see `culprit`); empty: none is in the witness."""
    fault: str
    """Kind of the fault, where it is known and is not in the name of the rule."""
    instead: str
    """What else explains it, said after `None` where no rule is in the witness; empty: nothing."""
    struck: str
    """Which call or document was struck, and when."""
    answer: str
    """What came of it: the call, the note or the second document that shows it; empty: nothing in the witness."""
    harm: str
    """What is wrong now."""
    amount: str
    """How often."""
    share: str
    """How much of it one fault has in common; empty: none."""
    money: str
    """What that is worth, where a reading says so."""
    key: str
    """The case that the chain is told of."""
    anchor: str
    """Where on the page the finding is told in full."""


class Causes(msgspec.Struct, frozen=True, kw_only=True):
    """The causes of one run."""

    name: str
    """What the page calls the run."""
    number: int
    """Its place on the page, from 1."""
    told: tuple[Cause, ...]
    """The gravest first."""
    unsaid: int
    """Violations that are told among the findings only."""


def causes(runs: Sequence[PageRun]) -> tuple[Causes, ...]:
    """One chain for each violation of every run that has any, the most documents first."""
    return tuple(each for number, run in enumerate(runs, start=1) if (each := _causes(run, number)).told)


def _causes(run: PageRun, number: int) -> Causes:
    first: dict[tuple[str, str], Finding] = {}
    for finding in run.verdict.findings:
        if finding.gravity == "violation":
            first.setdefault((finding.code, capitalised(finding.title)), finding)
    views = [view for view in finding_views(run, number) if view.gravity == "violation"]
    views.sort(key=lambda view: (view.code != DIED, -view.cases[0].documents))
    found = [(first[view.code, view.title], view) for view in views]
    shown = [_cause(run, finding, view) for finding, view in found if finding.witness]
    return Causes(name=run.name, number=number, told=tuple(shown[:TOLD]), unsaid=len(views) - len(shown[:TOLD]))


def _cause(run: PageRun, finding: Finding, view: FindingView) -> Cause:
    share = _share(run, finding)
    strike = culprit(finding.witness, share)
    rule = next((each for each in run.verdict.coverage if strike and each.rule == strike.rule), None)
    fault = rule.fault.replace("_", " ") if rule and rule.fault else strike.document.replace("_", " ") if strike else ""
    return Cause(
        rule=clipped(strike.rule) if strike else "",
        fault="" if strike and fault.replace(" ", "-") == strike.rule else fault,
        instead="" if strike else _instead(run, finding),
        struck=_struck(strike, run) if strike else "",
        answer=_answer(finding.witness, strike),
        harm=view.title,
        amount=view.amount,
        share=share,
        money=_money(run, finding),
        key=clipped(finding.keys[0]) if finding.keys else "",
        anchor=view.anchor,
    )


def _instead(run: PageRun, finding: Finding) -> str:
    """The witness of the first case is not all: what its documents have in common is said all the same."""
    defined = definition_of(finding.measure, known_definitions())
    share = _share(run, finding) if defined is not None and defined.subject in ("double", "owed") else ""
    if share:
        return f"in the witness, but {share}."
    return "The integration had ended by itself." if run.facts.died and finding.code != DIED else ""


def _struck(strike: WitnessRow, run: PageRun) -> str:
    what = strike.operation.replace("_", " ").replace(".", " ")
    again = f", attempt {strike.attempt}" if strike.attempt > 1 else ""
    about = f"{what} {clipped(strike.key)}".rstrip()
    return f"{clipped(strike.partner)}: {about}{again}, {run.calendar.minute(strike.time)}"


def _answer(witness: Sequence[WitnessRow], strike: WitnessRow | None) -> str:
    """The call that went wrong by it, or only seemed to go well, and then what was made or given up, in words."""
    since, rule = (strike.number, strike.rule) if strike else (-1, "")
    struck = call_struck(strike, witness) if strike else None
    asked = [row for row in witness if row.kind == "call"]
    calls = [row for row in asked if row.outcome not in _FINE] or [row for row in asked if rule and row.rule == rule]
    notes = [row for row in witness if row.number > since and row.kind == "note"]
    made = [row for row in witness if row.number > since and row.kind == "commit"]
    rows = [struck] if struck and struck.outcome not in _FINE else calls[-1:]
    rows = [*rows, *(notes[:2] or made[-1:])]
    return "; then ".join(_said(row) for row in rows)


def _said(row: WitnessRow) -> str:
    who = f"the integration → {row.partner}," if row.kind == "call" else row.partner
    return f"{clipped(who)} {clipped(row.words.replace(f' [{row.rule}]', ''))}"


def _share(run: PageRun, finding: Finding) -> str:
    reading = run.verdict.reading(finding.measure)
    return clipped(reading.detail) if reading is not None else ""


def _money(run: PageRun, finding: Finding) -> str:
    """What the readings of money say of the same kind of document."""
    mine = definition_of(finding.measure, known_definitions())
    if mine is None or not mine.document or mine.unit == "money":
        return ""
    for reading in run.verdict.readings:
        if reading.unit == "money" and reading.value:
            other = definition_of(reading.name, known_definitions())
            if other and (other.subject, other.document) == (mine.subject, mine.document):
                return amount_text(reading.value, "money", run.facts.currency)
    return ""
