"""A finding for the engineer on call: what is wrong, why that is damage, the evidence, and what prevents it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatrial.reports.explain_words import Said, labelled
from seatrial.reports.findings import Finding, is_posthumous
from seatrial.reports.page_words import amount_text, number_text
from seatrial.reports.remedies import CONTROLS, OF_MESSAGES, remedy_of
from seatrial.reports.story import story_lines
from seatrial.reports.verdict import Verdict
from seatrial.reports.witness import hiding_strike
from seatrial.sim.errors import UnknownName

_SHOWN = 3
"""Keys that a line names."""


def findings_named(verdict: Verdict, code: str) -> tuple[Finding, ...]:
    """The findings of a code. Raises UnknownName for one that the run has not, with those that it has."""
    found = tuple(each for each in verdict.findings if each.code == code.upper())
    if not found:
        known = dict.fromkeys(each.code for each in verdict.findings)
        hint = "" if known else "the run has no findings at all"
        raise UnknownName("no such finding in this run", value=code, known=known, hint=hint)
    return found


def finding_line(finding: Finding, verdict: Verdict) -> str:
    """A finding in one line: code, how much, where."""
    reading = verdict.reading(finding.measure)
    unit = reading.unit if reading is not None else ""
    much = amount_text(finding.count, unit, verdict.facts.currency) if unit else number_text(finding.count)
    unknown = reading is not None and reading.value is None
    if unknown or (not finding.measure and finding.count == 1):
        return f"{finding.code}  {finding.title}"  # what is there once or not at all is not counted
    keys = f" · {', '.join(finding.keys[:_SHOWN])}{' ...' if finding.count > _SHOWN < len(finding.keys) else ''}"
    detail = f", {reading.detail}" if reading is not None and reading.detail else ""
    return f"{finding.code}  {finding.title}: {much}{detail}{keys if finding.keys else ''}"


def kind_line(kind: Sequence[Finding], verdict: Verdict) -> str:
    """Findings of one kind in one line (see `kinds_of`): how many cases there are, and of which the first are."""
    first = kind[0]
    if len(kind) == 1:
        return finding_line(first, verdict)
    keys = [each.keys[0] for each in kind if each.keys]
    named = f" · {', '.join(keys[:_SHOWN])}{' ...' if len(keys) > _SHOWN else ''}"
    return f"{first.code}  {first.title}: {len(kind):,} ×{named if keys else ''}"


def finding_lines(finding: Finding, verdict: Verdict) -> Iterator[Said]:
    """What is wrong, the witness, why it matters, what prevents it, and how to see it again."""
    yield Said(finding_line(finding, verdict), "head" if finding.gravity == "remark" else "bad")
    remedy = remedy_of(finding.code)
    if finding.gravity != "doubt":
        yield from labelled("damage", [remedy.harm])
    yield from labelled("prevented by", preventions(finding, verdict))
    yield from labelled("measured by", [finding.measure] if finding.measure else [])
    yield from labelled("cases", [", ".join(finding.keys)] if len(finding.keys) > 1 else [])
    about = f", for {finding.keys[0]}" if finding.keys else ""
    yield from labelled("witness", [f"the shortest chain of evidence{about}"] if finding.witness else [])
    for line in story_lines(finding.witness, verdict.facts):
        yield Said(f"  {line}")
    if not finding.witness and finding.measure:
        yield Said("  no row of evidence shows it: it is about what did not happen")
    yield Said(f"  {finding.replay or verdict.facts.command()}", "quiet")


def preventions(finding: Finding, verdict: Verdict) -> list[str]:
    """What prevents it: controls that fit what the witness shows, one in a line; of what came after its end, an
    integration that lives.
    """
    controls = remedy_of(finding.code).controls
    if controls and is_posthumous(finding, verdict.findings):
        return ["nothing that it could have done: it came about after the integration had ended by itself"]
    idle = OF_MESSAGES if hiding_strike(finding.witness) else ()
    return [f"{name}: {CONTROLS[name]}" for name in controls if name not in idle]
