"""What a failing test says: the worst seed, what is wrong, the witness, and how to see it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from seatrial.reports.explain_finding import finding_line, preventions
from seatrial.reports.page_damage import damage
from seatrial.reports.page_words import amount_text, counted, listed
from seatrial.reports.reading import Reading
from seatrial.reports.story import story_lines
from seatrial.reports.verdict import Outcome
from seatrial.sim.decisions import DECISIONS
from seatrial.testing.course import REPLAY
from seatrial.testing.sailing import SeedRun

if TYPE_CHECKING:
    from seatrial.testing.partners import Partners

_FINDINGS: Final = 8
_MISHAPS: Final = 5
_SEEDS: Final = 12
_CALLS: Final = 20
_LABEL: Final = 12


class Failed(msgspec.Struct, frozen=True):
    """A trial whose test failed."""

    runs: Sequence[SeedRun]
    """What became of each seed."""
    asked: dict[str, SeedRun]
    """Readings that the test asked for, the last one last, with the seed that was worst."""
    shown: SeedRun
    """The seed that is told."""
    kept: Sequence[Path]
    """Run folders that stay, that of `shown` first."""
    command: str
    """What runs the test again."""


def trial_lines(failed: Failed) -> Iterator[str]:
    """Everything there is to say about it."""
    shown, kept, command = failed.shown, failed.kept, failed.command
    facts = shown.verdict.facts
    yield f"{facts.scenario} · {facts.integration} · {_seeds(failed.runs)}"
    for name, worst in failed.asked.items():
        yield from _block("asked", [_asked(name, worst, failed.runs)])
    yield from _block("replayed", shown.replayed)
    yield ""
    yield from verdict_lines(shown, failed.runs)
    yield from _witness(shown, next(reversed(failed.asked), ""))
    yield from _block("raised", _raised(shown))
    if kept:
        yield from _block("decisions", [_decisions(kept[0])])
        yield from _block("kept", [str(each) for each in kept])
    yield from _block("replay", [f"{command} {REPLAY} {each}" for each in (shown.seed, *kept[:1])])
    yield from _block("look", [f"seatrial explain {kept[0]}"] if kept else [])


def verdict_lines(run: SeedRun, runs: Sequence[SeedRun]) -> Iterator[str]:
    """The verdict on the seed that is shown, and how the others ended."""
    verdict = run.verdict
    left = damage(verdict)
    why = f": it left {listed(list(left))} behind" if left else f": {listed(list(verdict.reasons))}"
    yield f"seed {run.seed} {verdict.outcome.value}{why if verdict.reasons or left else ''}"
    if len(runs) > 1:
        outcomes = Counter(each.verdict.outcome.value for each in runs)
        yield from _block("seeds", [listed([f"{count} {word}" for word, count in outcomes.items()])])
    yield from _block("died", [run.failure] if run.failure else [])
    grave = [each for each in verdict.findings if each.gravity != "remark"]
    lines = [finding_line(each, verdict) for each in grave[:_FINDINGS]]
    more = len(grave) - _FINDINGS
    yield from _block("findings", lines + ([f"and {more} more"] if more > 0 else []))


def partners_lines(partners: Partners) -> Iterator[str]:
    """The last calls that a failing test made."""
    calls = sorted((call.at, each.name, call) for each in partners.values() for call in each.calls)
    if len(calls) > _CALLS:
        yield f"the last {_CALLS} of {len(calls)} calls"
    for at, name, call in calls[-_CALLS:]:
        status = f" {call.status}" if call.status else ""
        fault = f" [{call.fault}]" if call.fault else ""
        key = f" {call.key}" if call.key else ""
        what = f"→ {name}  {call.operation or 'nothing it knows'}{key}, attempt {call.attempt}"
        yield f"{at:12.3f} s  {what}: {call.outcome}{status} after {call.took:.3g} s{fault}"


def _witness(run: SeedRun, asked: str) -> Iterator[str]:
    """Of the finding that the test asked about, else of the gravest that has one; no doubt stands in for harm."""
    harmed = run.verdict.outcome is Outcome.VIOLATED
    seen = [each for each in run.verdict.findings if each.witness and not (harmed and each.gravity == "doubt")]
    found = next((each for each in seen if each.measure == asked), seen[0] if seen else None)
    if found is None:
        return
    yield from _block("witness", [", ".join((found.code, *found.keys[:1]))])
    yield from (f"    {line}" for line in story_lines(found.witness, run.verdict.facts))
    yield from _block("prevented by", preventions(found, run.verdict))


def _raised(run: SeedRun) -> list[str]:
    """What its code raised, each error of one place once."""
    times = Counter(map(str, run.mishaps))
    lines = [f"{text}{f' ({count} times)' if count > 1 else ''}" for text, count in times.items()]
    more = len(lines) - _MISHAPS
    return lines[:_MISHAPS] + ([f"and {more} more"] if more > 0 else [])


def _asked(name: str, worst: SeedRun, runs: Sequence[SeedRun]) -> str:
    """A reading that the test asked for, in the worst seed and in the others."""
    values = [(run.seed, run.reading(name)) for run in runs]
    line = f"{name} is {_amount(worst.reading(name), worst)} in seed {worst.seed}"
    if len(values) < 2:
        return line
    said = ", ".join(f"{seed}: {_amount(each, worst)}" for seed, each in values[:_SEEDS])
    return f"{line} · by seed {said}{' ...' if len(values) > _SEEDS else ''}"


def _amount(reading: Reading, run: SeedRun) -> str:
    return amount_text(reading.value, reading.unit, run.verdict.facts.currency)


def _decisions(folder: Path) -> str:
    lines = sum(1 for line in (folder / DECISIONS).read_text(encoding="utf-8").splitlines() if line)
    return f"{counted(max(0, lines - 1), 'strike')}, {folder / DECISIONS}"


def _seeds(runs: Sequence[SeedRun]) -> str:
    seeds = [run.seed for run in runs]
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    dense = all(after == before + 1 for before, after in pairwise(seeds))
    named = f"{seeds[0]}-{seeds[-1]}" if dense else ", ".join(map(str, seeds[:_SEEDS]))
    return f"{len(seeds)} seeds ({named})"


def _block(label: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"  {label if not number else '':<{_LABEL}}  {line}"
