"""`seatrial show`, `explain` and `digest`: what a run folder has to say, complete or not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from seatrial.cli_console import errors, results, table
from seatrial.sim.errors import HarnessError, UnknownName

if TYPE_CHECKING:
    from seatrial.reports.facts import Facts
    from seatrial.reports.verdict import Verdict
    from seatrial.sim.runfolder import RunFolder

_FOLDER: Final = click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
_SCENARIO: Final = "scenario.yaml"


@click.command(short_help="Show verdict, limits, rules and readings of a run.")
@_FOLDER
@click.option("--all", "everything", is_flag=True, help="Every reading, not only the headlines.")
def show(run: Path, everything: bool) -> None:
    """Show verdict, limits, fault rules and readings of the run in the folder RUN.

    A run that was stopped before its end is judged on what it left behind: it is never green.

    \b
    seatrial show runs/peak-week/peak-week-naive
    """  # noqa: D301
    from seatrial.cli_verdict import Told, tell, tell_limits, tell_rules
    from seatrial.voyage import PAGE

    folder, console = _open(run), results()
    verdict = _verdict(folder)
    digest = folder.manifest.digest if folder.manifest else ""
    page = folder.path / PAGE if (folder.path / PAGE).is_file() else None
    tell(console, Told(verdict=verdict, folder=run, digest=digest, incomplete=folder.why_incomplete, page=page))
    for print_part, there in ((tell_limits, verdict.limits), (tell_rules, verdict.coverage)):
        if there:
            console.print()
            print_part(console, verdict)
    console.print()
    _print_readings(verdict, everything=everything)


@click.command(short_help="Tell the story of one order, or show a witness.")
@_FOLDER
@click.option("--order", metavar="ID", help="Number of the order.")
@click.option("--finding", metavar="CODE", help="Code of a finding: its shortest chain of evidence.")
def explain(run: Path, order: str | None, finding: str | None) -> None:
    """Tell the story of one order, partner by partner, in time order; or show the witness of a finding.

    \b
    seatrial explain runs/lost --order MP-000012
    seatrial explain runs/lost --finding DUPLICATE_SALES_ORDER
    """  # noqa: D301
    from seatrial.reports.logbook import Logbook
    from seatrial.reports.story import story, story_lines

    if (order is None) == (finding is None):
        raise click.UsageError("give one of --order ID and --finding CODE")
    folder = _open(run)
    facts = _facts(folder)
    if finding is not None:
        _print_witness(_verdict(folder), facts, finding)
        return
    console = results()
    for line in story_lines(story(Logbook(folder.scan()), order or "", facts), facts):
        console.print(Text(line), soft_wrap=True)
    _warn(folder)


@click.command(short_help="Compute the digest of a run anew.")
@_FOLDER
def digest(run: Path) -> None:
    """Compute the digest of a run anew from its evidence, and compare it with what the run said at its end.

    Only the digest goes to stdout. Ends with 3 where the two differ: the evidence is not what was written.

    \b
    seatrial digest runs/peak-week/peak-week-naive
    """  # noqa: D301
    folder = _open(run)
    found = folder.digest()
    click.echo(found)
    if folder.manifest is None or not folder.complete:
        _warn(folder)
    elif found != folder.manifest.digest:
        what = f"the evidence in {run} is not what the run wrote: its manifest says {folder.manifest.digest}"
        raise HarnessError(f"{what} · run it again: {_facts(folder).command()}")
    else:
        rows = f"{folder.manifest.rows:,} rows in {folder.manifest.parts} part(s)"
        errors().print(Text(f"agrees with the manifest: {rows}"), soft_wrap=True)


def _open(path: Path) -> RunFolder:
    from seatrial.sim.runfolder import RunFolder

    return RunFolder.open(path)


def _facts(folder: RunFolder) -> Facts:
    from seatrial.reports.saved import facts_of

    return facts_of(folder)


def _verdict(folder: RunFolder) -> Verdict:
    """The verdict that was kept; a run without one, or one that lost evidence since, is judged now."""
    from seatrial.reports.judge import judge
    from seatrial.reports.logbook import Logbook
    from seatrial.reports.saved import VERDICT, load_verdict

    if folder.complete and (folder.path / VERDICT).is_file():
        return load_verdict(folder.path)
    return judge(Logbook(folder.scan()), _facts(folder), _expected(folder))


def _expected(folder: RunFolder) -> Mapping[str, object]:
    """The limits of the scenario that lies beside the evidence."""
    from seatrial.scenarios.document import Document

    path = folder.path / _SCENARIO
    expected: object = Document.read(path).plain.get("expect") if path.is_file() else None
    return expected if isinstance(expected, dict) else {}


def _print_readings(verdict: Verdict, *, everything: bool) -> None:
    from seatrial.reports.page_words import amount_text
    from seatrial.reports.saved import HEADLINES

    rows = table("reading", "value", "samples", "")
    shown = [each for each in verdict.readings if everything or each.name in HEADLINES]
    for each in shown:
        value = amount_text(each.value, each.unit, verdict.facts.currency)
        rows.add_row(each.name, value, f"{each.samples:,}", Text(each.detail, style="dim"))
    results().print(rows)
    if len(shown) < len(verdict.readings):
        results().print(Text(f"and {len(verdict.readings) - len(shown)} more: seatrial show RUN --all", style="dim"))


def _print_witness(verdict: Verdict, facts: Facts, code: str) -> None:
    from seatrial.cli_verdict import finding_line
    from seatrial.reports.story import story_lines

    found = [each for each in verdict.findings if each.code == code.upper()]
    if not found:
        known = dict.fromkeys(each.code for each in verdict.findings)
        hint = "" if known else "the run has no findings at all"
        raise UnknownName("no such finding in this run", value=code, known=known, hint=hint)
    console = results()
    for each in found:
        console.print(Text(finding_line(each, verdict), style="bold"), soft_wrap=True)
        for line in story_lines(each.witness, facts):
            console.print(Text(f"  {line}"), soft_wrap=True)
        if not each.witness:
            console.print(Text("  no row of evidence shows it: it is about what did not happen"))
        console.print(Text(f"  {each.replay or facts.command()}", style="dim"), soft_wrap=True)


def _warn(folder: RunFolder) -> None:
    if folder.why_incomplete:
        errors().print(Text(f"the run is incomplete: {folder.why_incomplete}", style="yellow"), soft_wrap=True)
