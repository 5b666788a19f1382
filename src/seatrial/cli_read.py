"""`seatrial show` and `digest`: what a run folder has to say, complete or not."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from seatrial.cli_console import errors, results, table
from seatrial.sim.errors import HarnessError

if TYPE_CHECKING:
    from seatrial.opening import SavedRun
    from seatrial.reports.verdict import Verdict

_FOLDER: Final = click.argument("run", type=click.Path(path_type=Path), metavar="RUN")


@click.command(short_help="Show verdict, limits, rules and readings of a run.")
@_FOLDER
@click.option("--all", "everything", is_flag=True, help="Every reading, not only the headlines.")
def show(run: Path, everything: bool) -> None:
    """Show verdict, limits, fault rules and readings of the run in the folder RUN.

    A run that was stopped before its end is judged on what it left behind: it is never green. Ends with 3 where
    evidence was lost since.

    \b
    seatrial show runs/peak-week/peak-week-naive
    """  # noqa: D301
    from seatrial.cli_verdict import Told, tell, tell_limits, tell_rules
    from seatrial.opening import open_run
    from seatrial.voyage import PAGE

    saved, console = open_run(run), results()
    verdict = saved.verdict
    page = saved.folder.path / PAGE if (saved.folder.path / PAGE).is_file() else None
    tell(console, Told(verdict=verdict, folder=run, digest=saved.digest, incomplete=saved.incomplete, page=page))
    for print_part, there in ((tell_limits, verdict.limits), (tell_rules, verdict.coverage)):
        if there:
            console.print()
            print_part(console, verdict)
    console.print()
    _print_readings(verdict, run, everything=everything)
    saved.check()


@click.command(short_help="Compute the digest of a run anew.")
@_FOLDER
def digest(run: Path) -> None:
    """Compute the digest of a run anew from its evidence, and compare it with what the run said at its end.

    Only the digest goes to stdout. Ends with 3 where the two differ or a part is missing: the evidence is not what was
    written.

    \b
    seatrial digest runs/peak-week/peak-week-naive
    """  # noqa: D301
    from seatrial.opening import open_run

    saved = open_run(run)
    found = saved.folder.digest()
    click.echo(found)
    warn(saved)
    if saved.digest and found != saved.digest:
        what = f"the evidence in {run} is not what the run wrote: its manifest says {saved.digest}"
        raise HarnessError(f"{what} · run it again: {saved.facts.command()}")
    if saved.digest:
        rows = f"{saved.rows:,} rows in {len(saved.folder.kept.parts)} part(s)"
        errors().print(Text(f"agrees with the manifest: {rows}"), soft_wrap=True)


def _print_readings(verdict: Verdict, run: Path, *, everything: bool) -> None:
    from seatrial.reports.page_words import amount_text
    from seatrial.reports.saved import HEADLINES

    rows = table("reading", "value", "samples", "")
    heads = (verdict.reading(name) for name in HEADLINES)
    shown = verdict.readings if everything else [each for each in heads if each is not None]
    for each in shown:
        value = amount_text(each.value, each.unit, verdict.facts.currency)
        rows.add_row(each.name, value, f"{each.samples:,}", Text(each.detail, style="dim"))
    results().print(rows)
    if len(shown) < len(verdict.readings):
        more = f"and {len(verdict.readings) - len(shown)} more: seatrial show {quote(str(run))} --all"
        results().print(Text(more, style="dim"), soft_wrap=True)


def warn(saved: SavedRun) -> None:
    """Say on stderr what is missing of a run. Raises HarnessError where evidence was lost."""
    saved.check()
    if saved.incomplete:
        errors().print(Text(f"the run is incomplete: {saved.incomplete}", style="yellow"), soft_wrap=True)
