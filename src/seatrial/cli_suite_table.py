"""A suite on the terminal: scenario by integration, what is wrong, and what to look at next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seatrial.cli_console import table
from seatrial.cli_suite_board import STYLES
from seatrial.reports.page_words import counted, listed
from seatrial.sim.parts import part_name
from seatrial.sim.units import short_duration
from seatrial.suite_log import NOT_RUN, STOPPED, SUITE, Entry, Suite
from seatrial.voyage import PAGE

_WORDS: Final = tuple(STYLES)
_GRAVEST: Final = ("harness error", "violated", "inconclusive")
"""What is worth a look, the worst first."""
_ERRORS: Final = 5
"""Harness errors that are told."""
_LABEL: Final = 15
"""Columns for what a line is about."""


def tell_suite(console: Console, suite: Suite, commands: Collection[str] = ()) -> None:
    """Print a suite; commands that are not there are not recommended."""
    console.print(_rows(suite))
    console.print()
    for label, lines in _blocks(suite, commands):
        for number, line in enumerate(lines):
            head = Text(f"{label if not number else '':<{_LABEL}}", style="dim")
            console.print(head + Text(line, style="default not dim"), soft_wrap=True)


def _cells(runs: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    cells: dict[tuple[str, str], list[Entry]] = {}
    for run in runs:
        cells.setdefault((run.scenario, run.integration), []).append(run)
    return cells


def _rows(suite: Suite) -> Table:
    words = [word for word in _WORDS if word != NOT_RUN or suite.counted(word)]
    rows = table("scenario", "integration", "runs", *words, "worst finding")
    rows.columns[1].no_wrap = True
    for (scenario, integration), runs in sorted(_cells(suite.runs).items()):
        counts = Counter(run.outcome for run in runs)
        cells = [Text(f"{counts[word]:,}" if counts[word] else "-", STYLES[word]) for word in words]
        rows.add_row(scenario, integration, f"{len(runs):,}", *cells, _worst_finding(runs))
    return rows


def _worst_finding(runs: Sequence[Entry]) -> str:
    """What most runs that found something have as their gravest finding."""
    first = Counter(run.findings[0] for run in runs if run.findings)
    if not first:
        return ""
    code = first.most_common(1)[0][0]
    return f"{code} in {sum(code in run.findings for run in runs):,} of {len(runs):,}"


def _blocks(suite: Suite, commands: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    yield "suite", [_sentence(suite), str(Path(suite.folder) / SUITE)]
    crashed = [run for run in suite.runs if run.outcome == "harness error"]
    if crashed:
        lines = [f"{run.scenario} · {run.integration} · seed {run.seed}: {run.why}" for run in crashed[:_ERRORS]]
        more = len(crashed) - _ERRORS
        yield "harness error", lines + ([f"and {more:,} more: see {SUITE}"] if more > 0 else [])
    raised = [run for run in suite.runs if run.raised]
    if raised:
        first = raised[0]
        where = f"{first.scenario} · {first.integration} · seed {first.seed}: {first.raised}"
        yield "raised", [f"in {len(raised):,} of {counted(len(suite.runs), 'run')}, caught by nobody; first {where}"]
    if suite.trouble:
        yield "stopped", [_stopped(suite)]
    yield "next", list(_next(suite, commands))


def _sentence(suite: Suite) -> str:
    words = listed([f"{suite.counted(word):,} {word}" for word in _WORDS if suite.counted(word)])
    there = sum(run.resumed for run in suite.runs)
    resumed = f", {there:,} of them there already" if there else ""
    return f"{counted(len(suite.runs), 'run')}: {words}{resumed} · {short_duration(suite.seconds)} · {suite.crew}"


def _stopped(suite: Suite) -> str:
    why = "" if suite.trouble == STOPPED else f"{suite.trouble} · "
    runs, left = len(suite.runs), suite.counted(NOT_RUN)
    return f"{why}{runs - left:,} of {runs:,} runs are over: the same command makes the other {left:,}"


def _next(suite: Suite, commands: Collection[str]) -> Iterator[str]:
    """Commands that lead on."""
    out = Path(suite.folder)
    worth = (run for word in _GRAVEST[1:] for run in suite.runs if run.outcome == word)
    shown = next(worth, next((run for run in suite.runs if run.outcome == "passed"), None))
    if shown is not None:
        yield f"seatrial show {quote(str(out / shown.folder))}"
    sides = list(dict.fromkeys(run.integration for run in suite.runs))
    if len(sides) > 1 and "compare" in commands:
        yield f"seatrial compare {quote(str(out))} --by integration --base {quote(sides[0])}"
    if "gate" in commands:
        yield f"seatrial gate {quote(str(out))}"
    if "stats" in commands and _has_seeds(suite):
        yield f"seatrial stats {quote(str(out))} --page {quote(str(out / PAGE))}"


def _has_seeds(suite: Suite) -> bool:
    """Whether there is more than one seed, and evidence for a page."""
    kept = any((Path(suite.folder) / run.folder / part_name(0)).is_file() for run in suite.runs)
    return kept and len({run.seed for run in suite.runs if run.digest}) > 1
