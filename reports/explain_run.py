"""The story of a run for the engineer on call: what struck, what it caused, the first witness, where to look next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Final

from seatrial.reports.explain_finding import kind_line
from seatrial.reports.explain_words import Clock, Said, labelled
from seatrial.reports.findings import DIED, Finding, is_posthumous, kinds_of
from seatrial.reports.page_damage import damage
from seatrial.reports.page_words import amount_text, counted, listed, some
from seatrial.reports.story import story_lines
from seatrial.reports.verdict import RuleCoverage, Verdict
from seatrial.reports.witness import culprit
from seatrial.sim.units import short_duration

_TOLD: Final = 8
"""Findings that are told; the others are counted."""
_COSTS: Final = (
    ("recovery.max", "until the trade was as before, the longest"),
    ("latency.placed_to_shipped.p95", "from placed to shipped, 95 of 100"),
    ("retry.amplification", "calls for each that was needed"),
    ("drift.erp.peak", "that the ERP's stock was wrong by at most"),
    ("sales_lost.units", "wanted and not on offer"),
)
"""What a run that left nothing broken cost all the same."""


def run_lines(verdict: Verdict, folder: str, incomplete: str = "") -> Iterator[Said]:
    """The story of a run in a screen; `incomplete` is what is missing of it."""
    facts, clock = verdict.facts, Clock(verdict.facts)
    title = f"{facts.scenario or 'a run'} · {facts.integration or 'unknown integration'} · seed {facts.seed}"
    yield Said(f"{title}: {verdict.outcome.value}", "good" if verdict.outcome.value == "passed" else "bad")
    yield from labelled("incomplete", [incomplete] if incomplete else [], "bad")
    yield from labelled("trade", [_trade(verdict, clock)])
    yield from labelled("faults", [_rule(rule, clock) for rule in verdict.coverage] or ["none was armed"])
    yield from labelled("raised", some(facts.mishaps, _TOLD), "bad")
    broken = [each for each in verdict.findings if each.gravity == "violation"]
    doubts = [each for each in verdict.findings if each.gravity == "doubt"]
    if not broken and not incomplete:
        yield from _withstood(verdict)
    yield from labelled("left behind", [listed(list(damage(verdict)))] if damage(verdict) else [], "bad")
    yield from labelled("in doubt", [each.title for each in doubts])
    if broken:
        yield from _caused(broken, verdict, clock)
    first = _first(broken)
    yield from _witness(first, verdict)
    yield from _next(first, verdict, folder)


def _trade(verdict: Verdict, clock: Clock) -> str:
    facts = verdict.facts
    phases = ", then ".join(f"{short_duration(phase.end - phase.begin)} of {phase.name}" for phase in facts.phases)
    placed, done = verdict.reading("orders.placed"), verdict.reading("orders.completed_share")
    orders = f"{counted(int(placed.value), 'order')}" if placed and placed.value is not None else "orders uncounted"
    share = f", {amount_text(done.value, 'share')} of them done" if done and done.value is not None else ""
    return f"{orders}{share}; from {clock.moment(0.0)} on {phases or short_duration(facts.duration)}"


def _rule(rule: RuleCoverage, clock: Clock) -> str:
    end = clock.moment(rule.end) if rule.end != float("inf") else "the end"
    of = f" of {counted(rule.matched, 'call')}" if rule.matched else ""
    noticed = "" if rule.mattered == rule.fired else f", {rule.mattered} of which anybody noticed"
    struck = f"struck {rule.fired:,}{of}{noticed}" if rule.fired else "never struck"
    return f"{rule.rule}  {clock.moment(rule.begin)} – {end}, {struck}"


def _withstood(verdict: Verdict) -> Iterator[Said]:
    struck = sum(rule.mattered for rule in verdict.coverage)
    words = f"{counted(struck, 'strike')} of faults withstood" if struck else "no fault mattered"
    yield from labelled("result", [f"nothing is broken at the end; {words}"], "good")
    known = [(verdict.reading(name), words) for name, words in _COSTS]
    costs = [
        f"{amount_text(each.value, each.unit, verdict.facts.currency)} {words}"
        for each, words in known
        if each and each.value
    ]
    yield from labelled("it cost", costs)


def _caused(broken: Sequence[Finding], verdict: Verdict, clock: Clock) -> Iterator[Said]:
    kinds = kinds_of(broken)
    lines = []
    for kind in kinds[:_TOLD]:
        witness = kind[0].witness
        reading, harm = verdict.reading(kind[0].measure), witness[-1] if witness else None
        strike = culprit(witness, reading.detail if reading is not None else "")
        late = "after the integration had ended" if is_posthumous(kind[0], verdict.findings) else ""
        after = f"after {strike.rule}" if strike else late
        first = f"first seen {clock.moment(harm.time)}" if harm else ""
        chain = ", ".join(part for part in (first, after) if part)
        lines += [kind_line(kind, verdict)] + ([f"  {chain}"] if chain else [])
    if len(kinds) > _TOLD:
        lines.append(f"and {len(kinds) - _TOLD} more")
    yield from labelled("it caused", lines)


def _first(broken: Sequence[Finding]) -> Finding | None:
    """The finding whose witness was complete first: what came before it cannot have come of it. The end of the
    integration goes before all: most of the others is what nobody did any more.
    """
    seen = [finding for finding in broken if finding.witness]
    seen = [finding for finding in seen if finding.code == DIED] or seen
    seen = [finding for finding in seen if not finding.code.startswith("LIMIT_")] or seen
    return min(seen, key=lambda finding: finding.witness[-1].number, default=None)


def _witness(first: Finding | None, verdict: Verdict) -> Iterator[Said]:
    if first is not None:
        yield from labelled("first witness", [", ".join((first.code, *first.keys[:1]))])
        for line in story_lines(first.witness, verdict.facts):
            yield Said(f"    {line}")


def order_of(verdict: Verdict) -> str:
    """An order whose story is worth reading: that of the first harm to one, else the slowest; empty: none is known.

    Stock that lies apart is nobody's order: what sold it last may be as it should.
    """
    broken = [each for each in verdict.findings if each.gravity == "violation" and _is_about_an_order(each)]
    first = _first(broken)
    if first is not None:
        return next(row.correlation for row in reversed(first.witness) if row.correlation)
    slow = verdict.reading("latency.placed_to_shipped.max")
    return slow.keys[0] if slow is not None and slow.keys else ""


def _is_about_an_order(finding: Finding) -> bool:
    kinds = {row.kind for row in finding.witness}
    return finding.code != DIED and not kinds & {"stock", "phase"} and any(row.correlation for row in finding.witness)


def _next(first: Finding | None, verdict: Verdict, folder: str) -> Iterator[Said]:
    place = quote(folder)
    remarks = [each for each in verdict.findings if each.gravity == "remark"]
    commands = [f"seatrial explain {place} --finding {each.code}" for each in ([first] if first else remarks[:1])]
    order = order_of(verdict)
    sku = next((row.key for each in verdict.findings for row in each.witness if row.kind in ("stock", "sale")), "")
    commands += [f"seatrial explain {place} --order {quote(order)}"] if order else []
    commands += [f"seatrial explain {place} --sku {quote(sku)}"] if sku else []
    yield from labelled("look next", [*commands, f"seatrial show {place}", verdict.facts.command()])
