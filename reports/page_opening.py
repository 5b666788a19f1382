"""The top of the page: for each run the verdict, why, what it left behind, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from seatrial.reports.estimates import PASSED
from seatrial.reports.findings import DIED
from seatrial.reports.page_damage import damage
from seatrial.reports.page_findings import FindingView, finding_views
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import amount_text, capitalised, clipped, counted, listed, some
from seatrial.reports.verdict import Outcome, Verdict

GLYPHS: Final[Mapping[Outcome, str]] = {
    Outcome.PASSED: "✓",
    Outcome.VIOLATED: "✗",
    Outcome.INCONCLUSIVE: "?",
    Outcome.HARNESS_ERROR: "!",
}
"""A sign beside the word and the colour, for those who do not see the colour."""
SAID: Final = 5
"""Findings that a card names."""

WITHSTOOD: Final = 8
"""Rules that a card of a run that passed names."""


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, in a line."""

    title: str
    """What, in words."""
    amount: str
    """How often, or how much."""
    key: str
    """The first case, or what all cases are about."""
    anchor: str
    """Where on the page it is told in full."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one run."""

    name: str
    """What the page calls the run."""
    number: int
    """Its place on the page, from 1."""
    outcome: str
    """The word."""
    mark: str
    """The word as a name of the style sheet."""
    glyph: str
    """The sign."""
    why: str
    """One sentence of why."""
    broken: tuple[Broken, ...]
    """The gravest findings."""
    withstood: tuple[tuple[str, str], ...]
    """What a run that passed came through: rules and their strikes."""
    unsaid: int
    """Violations and doubts that are not among them."""
    raised: tuple[str, ...]
    """What its code raised and nobody took care of."""
    tally: tuple[str, ...]
    """Limits, rules and orders, counted."""
    trouble: str
    """What is missing of the run; empty: nothing."""
    command: str
    """The command that makes it again."""


def card(run: PageRun, number: int) -> Card:
    """The verdict on a run in words."""
    verdict = run.verdict
    grave = [view for view in finding_views(run, number) if view.gravity != "remark"]
    return Card(
        name=run.name,
        number=number,
        outcome=verdict.outcome.value,
        mark=verdict.outcome.value.replace(" ", "-"),
        glyph=GLYPHS[verdict.outcome],
        why=_sentence(why(verdict)),
        broken=tuple(_broken(view) for view in sorted(grave, key=_rank)[:SAID]),
        withstood=_withstood(verdict),
        unsaid=max(0, len(grave) - SAID),
        raised=tuple(some([clipped(each) for each in run.facts.mishaps], SAID)),
        tally=(*_seeds(run), *_tally(verdict)),
        trouble=_trouble(run),
        command=run.facts.command(),
    )


def _rank(view: FindingView) -> tuple[bool, bool, float]:
    """An integration that is dead first, then the most documents, then what is no document, doubts last."""
    return view.gravity == "doubt", view.code != DIED, -view.cases[0].documents


def _broken(view: FindingView) -> Broken:
    return Broken(title=view.title, amount=view.amount, key=view.about, anchor=view.anchor)


def _withstood(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    if verdict.outcome is not Outcome.PASSED:
        return ()
    struck = sorted((rule for rule in verdict.coverage if rule.fired), key=lambda rule: -rule.mattered)
    return tuple((rule.rule, f"struck {rule.fired:,} ×") for rule in struck[:WITHSTOOD])


def why(verdict: Verdict) -> str:
    """Why the verdict is what it is, in a few words."""
    if verdict.outcome is Outcome.PASSED:
        return _praise(verdict)
    left = damage(verdict)
    if verdict.facts.died:
        behind = f"; it left {listed(list(left))} behind" if left else ""
        return f"the integration ended by itself: {clipped(verdict.facts.died)}{behind}"
    if verdict.outcome is Outcome.VIOLATED and left:
        return f"it left {listed(list(left))} behind"
    if verdict.reasons:
        return verdict.reasons[0]
    return verdict.facts.trouble or "no reason was given"


def _praise(verdict: Verdict) -> str:
    struck, felt = (sum(getattr(rule, what) for rule in verdict.coverage) for what in ("fired", "mattered"))
    held = "every limit held" if verdict.limits else "nothing was found wrong"
    if not struck:
        return f"{held}; no fault was to strike"
    return f"{held} although {counted(struck, 'fault')} struck{'' if felt == struck else f', {felt:,} of them felt'}"


def _seeds(run: PageRun) -> tuple[str, ...]:
    """Which of several seeds this is, and how many of them passed."""
    known = run.estimates.get(PASSED)
    if known is None or known.value is None:
        return ()
    return (f"seed {run.facts.seed} of {known.runs:,}, {round(known.value * known.runs):,} of which passed",)


def _tally(verdict: Verdict) -> tuple[str, ...]:
    held = sum(limit.judgement == "held" for limit in verdict.limits)
    fired = sum(rule.fired > 0 for rule in verdict.coverage)
    reading = verdict.reading("orders.placed")
    placed = reading.value if reading is not None else None
    parts = [f"{held:,} of {counted(len(verdict.limits), 'limit')} held"] if verdict.limits else []
    parts += [f"{fired:,} of {counted(len(verdict.coverage), 'fault rule')} struck"] if verdict.coverage else []
    parts += [amount_text(placed, "orders")] if placed is not None else []
    return (*parts, counted(len(verdict.findings), "finding"))


def _trouble(run: PageRun) -> str:
    if run.why_incomplete:
        return run.why_incomplete
    return "" if run.facts.complete else run.facts.trouble or "the run was stopped before its end"


def _sentence(text: str) -> str:
    text = capitalised(text)
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'}"
