"""The verdict on the terminal: the word, why, what is broken, what never struck, and what to look at next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Final

import msgspec
from rich.console import Console
from rich.text import Text

from seatrial.cli_console import table
from seatrial.reports.explain_finding import kind_line
from seatrial.reports.explain_run import order_of
from seatrial.reports.findings import DIED, kinds_of
from seatrial.reports.page_damage import damage
from seatrial.reports.page_words import amount_text, counted, listed
from seatrial.reports.verdict import JudgedLimit, Outcome, RuleCoverage, Verdict
from seatrial.sim.units import format_duration, short_duration

SIGNS: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.PASSED: ("✓", "bold green"),
    Outcome.VIOLATED: ("✗", "bold red"),
    Outcome.INCONCLUSIVE: ("?", "bold yellow"),
    Outcome.HARNESS_ERROR: ("!", "bold magenta"),
}
"""Sign and style of each verdict."""
_FINDINGS: Final = 8
"""Findings that are named."""
_LABEL: Final = 15
"""Columns for what a line is about."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A judged run, as the terminal tells it."""

    verdict: Verdict
    """The judgement."""
    folder: Path | None = None
    """Run folder."""
    digest: str = ""
    """Identity of the run."""
    incomplete: str = ""
    """What is missing of the run; empty: nothing."""
    page: Path | None = None
    """Report page."""
    remarks: tuple[str, ...] = ()
    """What was written out in the demand and did not come about."""
    replayed: tuple[str, ...] = ()
    """What became of a replay, in lines; empty: the run was none."""

    @property
    def title(self) -> str:
        """Scenario, integration and seed."""
        facts = self.verdict.facts
        return f"{facts.scenario or 'a run'} · {facts.integration or 'unknown integration'} · seed {facts.seed}"


def tell(console: Console, told: Told) -> None:
    """Print the verdict on a run."""
    outcome = told.verdict.outcome
    sign, style = SIGNS[outcome]
    head = Text(f"{sign} {outcome.value.upper()}", style=style) + Text(f"  {told.title}", style="default not bold")
    console.print(head, soft_wrap=True)
    for label, lines in _blocks(told):
        for number, line in enumerate(lines):
            text = Text(f"  {label if not number else '':<{_LABEL}}", style="dim") + Text(line, style="default not dim")
            console.print(text, soft_wrap=True)


def tell_limits(console: Console, verdict: Verdict) -> None:
    """Print every limit with its reading."""
    rows = table("limit on", "wanted", "reading", "")
    for limit in verdict.limits:
        style = {"held": "green", "broken": "red", "open": "yellow"}[limit.judgement]
        why = f": {limit.why}" if limit.why else ""
        state = Text(limit.judgement, style=style) + Text(why + (" (stands always)" if limit.standing else ""), "dim")
        rows.add_row(limit.measure, limit.limit, _reading(limit, verdict), state)
    console.print(rows)


def tell_rules(console: Console, verdict: Verdict) -> None:
    """Print what became of every fault rule."""
    rows = table("fault rule", "fault", "armed", "could strike", "struck", "mattered")
    for rule in verdict.coverage:
        matched = "not counted" if rule.matched is None else f"{rule.matched:,}"
        rows.add_row(rule.rule, rule.fault, _window(rule), matched, f"{rule.fired:,}", f"{rule.mattered:,}")
    console.print(rows)


def _blocks(told: Told) -> Iterator[tuple[str, list[str]]]:
    """What is said, by what it is about; nothing where there is nothing to say."""
    verdict = told.verdict
    broken = [limit for limit in verdict.limits if limit.judgement == "broken"]
    silent = [rule for rule in verdict.coverage if not rule.fired]
    if told.incomplete:
        yield "incomplete", [told.incomplete]
    if verdict.facts.died:
        yield "died", [f"the integration ended by itself: {verdict.facts.died}"]
    if verdict.facts.mishaps:
        yield "raised", list(verdict.facts.mishaps)
    if told.replayed:
        yield "replay", list(told.replayed)
    yield "why", _why(verdict)
    if told.remarks:
        yield "not sent back", list(told.remarks)
    if broken:
        lines = [f"{limit.measure}  wanted {limit.limit}, was {_reading(limit, verdict)}" for limit in broken]
        yield "limits broken", lines
    if verdict.findings:
        kinds = kinds_of(verdict.findings)
        grave = [kind for kind in kinds if kind[0].gravity != "remark"]
        lines = [kind_line(kind, verdict) for kind in (grave or kinds)[:_FINDINGS]]
        more, within = len(grave) - _FINDINGS, len(kinds) - len(grave) if grave else 0
        lines += [f"and {more} more"] if more > 0 else []
        lines += [f"and {counted(within, 'remark')} within the limits"] if within else []
        yield f"findings ({len(kinds)})", lines
    if silent:
        yield "never struck", [f"{rule.rule}  armed {_window(rule)}{_chances(rule)}" for rule in silent]
    yield from _identity(told)


def _identity(told: Told) -> Iterator[tuple[str, list[str]]]:
    if told.digest:
        yield "digest", [told.digest]
    if told.page is not None:
        yield "page", [str(told.page)]
    if told.folder is not None:
        folder = quote(str(told.folder))
        story = [f"seatrial explain {folder} {about}" for about in _story(told.verdict)]
        yield "next", [*story, f"seatrial show {folder}", told.verdict.facts.command()]


def _story(verdict: Verdict) -> list[str]:
    """What is worth being told next: how the integration ended, else an order."""
    if any(finding.code == DIED for finding in verdict.findings):
        return [f"--finding {DIED}"]
    order = order_of(verdict)
    return [f"--order {quote(order)}"] if order else []


def _why(verdict: Verdict) -> list[str]:
    """Why it came to this; what a violated run did wrong stands among its findings, so here is the sum of it."""
    left = damage(verdict)
    if verdict.outcome is Outcome.VIOLATED and left:
        return [f"it left {listed(list(left))} behind"]
    return list(verdict.reasons) or [_praise(verdict)]


def _praise(verdict: Verdict) -> str:
    """Why a run passed."""
    struck = sum(rule.fired for rule in verdict.coverage)
    held = f"{counted(len(verdict.limits), 'limit')} held" if verdict.limits else "nothing was found wrong"
    return f"{held}; " + (f"{counted(struck, 'strike')} of faults withstood" if struck else "no fault was to strike")


def _reading(limit: JudgedLimit, verdict: Verdict) -> str:
    return amount_text(limit.value, limit.unit, verdict.facts.currency)


def _window(rule: RuleCoverage) -> str:
    return f"{format_duration(rule.begin) if rule.begin else 'start'} to {short_duration(rule.end)}"


def _chances(rule: RuleCoverage) -> str:
    return f", {counted(rule.matched, 'call')} it could have struck" if rule.matched is not None else ""


def verdict_words(verdicts: list[Verdict]) -> str:
    """Several verdicts in one sentence."""
    words = [verdict.outcome.value for verdict in verdicts]
    return listed([f"{words.count(word)} {word}" for word in dict.fromkeys(words)])
