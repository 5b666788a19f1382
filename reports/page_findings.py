"""Findings in words, each with the chain of evidence that shows it and the command that makes it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from seatrial.reports.findings import Finding, kinds_of
from seatrial.reports.page_pictures import Picture, pictures
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import Calendar, amount_text, capitalised, clipped, effort_text
from seatrial.reports.witness import WitnessRow

CASES: Final = 8
"""Findings of one kind that are told in full."""
GRAVE: Final = 30
"""Kinds of violations and doubts that are told in full."""
REMARKS: Final = 20
"""Kinds of remarks that are told in full."""
NAMED: Final = 40
"""Kinds beyond those that are named at least."""
WORDS: Final = 600
"""Letters of what a row says, at most."""
_GRAVITY: Final = {"violation": "breaks a limit", "doubt": "leaves a doubt", "remark": "within the limits"}
_GLYPHS: Final = {"violation": "✗", "doubt": "?", "remark": "·"}
_GOOD: Final = frozenset(("", "ok", "created", "replayed", "updated", "begin", "end", "reversed", "idle", "mattered"))


class WitnessLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of evidence as the page prints it."""

    number: str
    """Row number."""
    moment: str
    """Wall-clock moment for machines."""
    day: str
    """Day; empty where it is that of the row before."""
    time: str
    """Time of day to the millisecond."""
    partner: str
    """Who wrote it."""
    kind: str
    """Kind of row and what it is about."""
    words: str
    """What happened, in words."""
    key: str
    """Business key, where the words do not say it."""
    attempt: str
    """Attempt, where it means something."""
    outcome: str
    """How it ended, with the status where there is one."""
    went_wrong: bool
    """Whether that is not how it should end."""
    rule: str
    """Fault rule that touched it."""


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of a kind: where it was seen, and its witness."""

    measure: str
    """Name of the reading that shows it."""
    amount: str
    """How often, or how much; empty where that means nothing."""
    documents: float
    """How many documents are wrong; 0 where it is about something else."""
    keys: tuple[str, ...]
    """The first few business keys."""
    witness: tuple[WitnessRow, ...]
    """The witness as it stands in the evidence."""
    lines: tuple[WitnessLine, ...]
    """The witness as it is printed."""
    replay: str
    """The command that makes the run again."""


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """All findings of one kind in one run: one of most kinds, one for each rule of some."""

    anchor: str
    """Its place in the page."""
    code: str
    """Stable code."""
    title: str
    """What is wrong, in words."""
    gravity: str
    """violation, doubt or remark."""
    glyph: str
    """Its sign."""
    weight: str
    """The gravity in words."""
    amount: str
    """How often, or how much, all cases together."""
    cases: tuple[CaseView, ...]
    """The first findings of this kind, in the order of the verdict."""
    unsaid: int
    """Findings of this kind beyond those."""

    @property
    def witnesses(self) -> tuple[tuple[WitnessRow, ...], ...]:
        """The witness of each case."""
        return tuple(case.witness for case in self.cases)

    @property
    def about(self) -> str:
        """The key of the single case, or of all: which rules, say."""
        keys = [case.keys[0] for case in self.cases if case.keys]
        return ", ".join(dict.fromkeys(keys))


class FoundInRun(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one run."""

    name: str
    """What the page calls the run."""
    number: int
    """Its place on the page, from 1."""
    wrong: int
    """Kinds of violations and doubts, those included that are not told in full."""
    grave: tuple[FindingView, ...]
    """Violations and doubts, the gravest first."""
    remarks: tuple[FindingView, ...]
    """What is worth knowing, within the limits."""
    unsaid: tuple[str, ...]
    """Kinds that are not told in full: code and amount."""
    more: int
    """Kinds that are not even named."""
    pictures: Mapping[str, tuple[Picture | None, ...]]
    """Swim lanes of the witnesses, for each case, by anchor of the finding."""


def found(runs: Sequence[PageRun]) -> tuple[FoundInRun, ...]:
    """The findings of every run, in the order of the runs."""
    return tuple(_found_in(run, number) for number, run in enumerate(runs, start=1))


def finding_views(run: PageRun, number: int) -> tuple[FindingView, ...]:
    """Every finding of the run that stands at this place of the page, the gravest first, one kind together."""
    kinds = enumerate(kinds_of(run.verdict.findings), start=1)
    return tuple(_view(run, kind, f"finding-{number}-{place}") for place, kind in kinds)


def _found_in(run: PageRun, number: int) -> FoundInRun:
    views = finding_views(run, number)
    grave = [view for view in views if view.gravity != "remark"]
    remarks = [view for view in views if view.gravity == "remark"]
    shown = (*grave[:GRAVE], *remarks[:REMARKS])
    left = [f"{view.code} {view.amount}".strip() for view in (*grave[GRAVE:], *remarks[REMARKS:])]
    return FoundInRun(
        name=run.name,
        number=number,
        wrong=len(grave),
        grave=tuple(grave[:GRAVE]),
        remarks=tuple(remarks[:REMARKS]),
        unsaid=tuple(left[:NAMED]),
        more=max(0, len(left) - NAMED),
        pictures=pictures(run, [(view.anchor, view.witnesses) for view in shown]),
    )


def _view(run: PageRun, kind: Sequence[Finding], anchor: str) -> FindingView:
    first = kind[0]
    cases = tuple(_case(run, finding) for finding in kind[:CASES])
    return FindingView(
        anchor=anchor,
        code=first.code,
        title=capitalised(first.title),
        gravity=first.gravity,
        glyph=_GLYPHS[first.gravity],
        weight=_GRAVITY[first.gravity],
        amount=cases[0].amount if len(kind) == 1 else f"{len(kind):,} ×",
        cases=cases,
        unsaid=len(kind) - len(cases),
    )


def _case(run: PageRun, finding: Finding) -> CaseView:
    return CaseView(
        measure=finding.measure,
        amount=_amount(run, finding),
        documents=_documents(run, finding),
        keys=tuple(clipped(key) for key in finding.keys),
        witness=finding.witness,
        lines=tuple(_lines(finding.witness, run.calendar)),
        replay=finding.replay or run.facts.command(),
    )


def _amount(run: PageRun, finding: Finding) -> str:
    """How much is wrong; nothing where the finding is not of that kind."""
    reading = run.verdict.reading(finding.measure)
    if reading is None or finding.gravity == "doubt":
        return ""
    if finding.measure.startswith("manual_effort."):
        return effort_text(finding.count)
    return amount_text(finding.count, reading.unit, run.facts.currency)


def _documents(run: PageRun, finding: Finding) -> float:
    reading = run.verdict.reading(finding.measure)
    return finding.count if reading is not None and reading.unit == "documents" else 0.0


def _lines(witness: Sequence[WitnessRow], calendar: Calendar) -> list[WitnessLine]:
    lines: list[WitnessLine] = []
    before = ""
    for row in witness:
        day = calendar.day(row.time)
        lines.append(
            WitnessLine(
                number=f"{row.number:,}",
                moment=calendar.at(row.time).isoformat(timespec="milliseconds") if calendar.start else "",
                day="" if day == before else day,
                time=calendar.instant(row.time),
                partner=clipped(row.partner),
                kind=clipped(f"{row.kind} · {row.operation or row.document or row.key}"),
                words=clipped(row.words.replace(f" [{row.rule}]", "") if row.rule else row.words, WORDS),
                key="" if row.key in row.words else clipped(row.key),
                attempt=str(row.attempt) if row.attempt else "",
                outcome=" ".join(filter(None, (row.outcome.replace("_", " "), str(row.status or ""), row.code))),
                went_wrong=row.outcome not in _GOOD,
                rule=clipped(row.rule),
            )
        )
        before = day
    return lines
