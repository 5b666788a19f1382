"""`seatrial gate`: many runs against their limits and a baseline, with an exit code that a CI job can trust."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from seatrial.cli_console import errors, results
from seatrial.cli_files import write_text
from seatrial.cli_rows import Rows
from seatrial.sim.errors import BadInput

if TYPE_CHECKING:
    from seatrial.reports.gate import GateVerdict

_ROWS: Final = 40
"""Checks of a kind that the terminal shows."""
_STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_FILE: Final = click.Path(path_type=Path)


@click.command(short_help="Judge many runs: limits over seeds, regressions against a baseline.")
@click.argument("runs", nargs=-1, required=True, type=_FILE, metavar="RUNS...")
@click.option("--baseline", multiple=True, type=_FILE, metavar="RUNS", help="Runs to hold them against; repeatable.")
@click.option(
    "--budget", "budgets", multiple=True, metavar="READING=ALLOWANCE",
    help="What a reading may lose against the baseline: recovery.max=+10%. Default: headlines, 10 %.",
)  # fmt: skip
@click.option(
    "--alarm-rate", default="1%", show_default=True, metavar="SHARE",
    help="Chance of any false alarm, over all checks of the gate together.",
)  # fmt: skip
@click.option(
    "--keep", default="50%", show_default=True, metavar="SHARE", help="Share of all runs that has to keep each limit."
)
@click.option("--junit", type=_FILE, metavar="FILE", help="Write JUnit XML: a case for each check.")
@click.option(
    "--summary", type=_FILE, metavar="FILE", help=f"Write Markdown. Default: append to ${_STEP_SUMMARY}, if set."
)
@click.option("--json", "as_json", type=_FILE, metavar="FILE", help="Write everything as JSON.")
@click.option("--annotations", is_flag=True, help="Print annotations for GitHub as well.")
@click.option("--all", "everything", is_flag=True, help="Show the checks that were held, too.")
def gate(  # noqa: PLR0913 (one argument per option)
    runs: tuple[Path, ...],
    baseline: tuple[Path, ...],
    budgets: tuple[str, ...],
    alarm_rate: str,
    keep: str,
    junit: Path | None,
    summary: Path | None,
    as_json: Path | None,
    annotations: bool,
    everything: bool,
) -> None:
    """Judge the runs in or below RUNS: limits over their seeds, and regressions against a baseline.

    A check is held or broken when the seeds say so with confidence, and open when they do not: then the gate is
    inconclusive. Exit codes: 0 passed, 1 violated, 2 bad input, 3 harness error, 4 inconclusive. See docs/gates.md.

    \b
    seatrial gate runs/now
    seatrial gate runs/now --baseline runs/main --budget recovery.max=+10% --junit gate.xml
    """  # noqa: D301
    verdict = judged(runs, baseline, budgets, alarm_rate, keep)
    tell_gate(verdict, everything=everything)
    if annotations:
        from seatrial.reports.gate_annotations import annotation_lines

        for line in annotation_lines(verdict):
            click.echo(line)
    _write(verdict, junit, summary, as_json)
    click.get_current_context().exit(verdict.exit_code)


def judged(
    runs: Sequence[Path], baseline: Sequence[Path], budgets: Sequence[str], alarm_rate: str, keep: str
) -> GateVerdict:
    """The gate over these folders. Raises BadInput."""
    from seatrial import gating

    allowed = dict(_split(each) for each in budgets)
    return gating.gate(
        runs,
        baseline=baseline or None,
        budgets=allowed,
        alarm_rate=share(alarm_rate, "--alarm-rate"),
        keep=share(keep, "--keep"),
    )


def share(text: str, option: str) -> float:
    """A share between 0 and 1, without both."""
    from seatrial.sim.units import parse_share

    try:
        value = parse_share(text)
    except BadInput as error:
        raise error.at(option) from None
    if not 0 < value < 1:
        raise BadInput("a share between 0 % and 100 %, without both", value=text, where=option)
    return value


def tell_gate(verdict: GateVerdict, *, everything: bool) -> None:
    """Print a gate."""
    from seatrial.cli_verdict import SIGNS
    from seatrial.reports.gate_markdown import demands

    console, (sign, style) = results(), SIGNS[verdict.outcome]
    against = f" against {verdict.baseline}" if verdict.baseline else ""
    head = Text(f"{sign} {verdict.outcome.value.upper()}", style=style)
    console.print(head + Text(f"  {verdict.runs}{against}", style="default not bold"), soft_wrap=True)
    for each in verdict.trials:
        passed = each.passed
        green = f"{round((passed.value or 0) * passed.runs)} of {passed.runs} runs passed on their own"
        settings = f" · {each.trial.settings_text}" if each.trial.settings_text else ""
        console.print(Text(f"  {each.trial.name}: {green}{settings}"), soft_wrap=True)
    for text in (*(stray.text for stray in verdict.strays), *verdict.notes):
        errors().print(Text(f"not counted: {text}", style="yellow"), soft_wrap=True)
    for judgement, style in (("broken", "red"), ("open", "yellow"), ("held", "green")):
        if verdict.judged(judgement) and (everything or judgement != "held"):
            _tell_checks(verdict, judgement, style, everything=everything)
    console.print(Text(f"  {len(verdict.judged('held'))} of {len(verdict.checks)} checks held"), soft_wrap=True)
    console.print(Text(f"  {demands(verdict)}", style="dim"), soft_wrap=True)


def _tell_checks(verdict: GateVerdict, judgement: str, style: str, *, everything: bool) -> None:
    from seatrial.reports.interval_words import check_reading

    found = verdict.judged(judgement)
    shown = found if everything else found[:_ROWS]
    rows = Rows("", "of", "wanted", "reading", "why")
    rows.head(judgement, style)
    for check in shown:
        seeds = f" (seed {', '.join(map(str, check.seeds))}{check.more})" if check.seeds else ""
        trial, reading = f"{check.scenario} × {check.integration}", check_reading(check, verdict.currency)
        rows.add(check.measure, trial, check.wanted, reading, check.why + seeds)
    rows.print(results())
    if len(found) > len(shown):
        results().print(Text(f"and {len(found) - len(shown)} more: --all", style="dim"))


def _write(verdict: GateVerdict, junit: Path | None, summary: Path | None, as_json: Path | None) -> None:
    from datetime import UTC, datetime

    from seatrial.reports.gate_junit import gate_junit
    from seatrial.reports.gate_markdown import gate_markdown
    from seatrial.reports.saved import json_text

    step = os.environ.get(_STEP_SUMMARY, "")
    if junit is not None:
        write_text(junit, gate_junit(verdict, datetime.now(UTC)))
    if as_json is not None:
        write_text(as_json, json_text(verdict))
    if summary is not None:
        write_text(summary, gate_markdown(verdict))
    elif step:
        write_text(Path(step), gate_markdown(verdict), append=True)


def _split(budget: str) -> tuple[str, str]:
    name, _, text = budget.partition("=")
    return name, text
