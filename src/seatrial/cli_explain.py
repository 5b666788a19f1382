"""`seatrial explain`: a run, an order, a SKU or a finding, for the engineer on call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.text import Text

from seatrial.cli_console import results
from seatrial.cli_read import warn
from seatrial.sim.errors import UnknownName

if TYPE_CHECKING:
    from seatrial.opening import SavedRun
    from seatrial.reports.explain_words import Said, Tone

_STYLES: Final[Mapping[Tone, str]] = {"head": "bold", "bad": "red", "good": "green", "quiet": "dim", "": ""}


@click.command(short_help="Tell the story of a run, an order, a SKU or a finding.")
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--order", metavar="ID", help="Number of an order: how far it came, what is owed, every step.")
@click.option("--sku", metavar="SKU", help="A SKU: its levels in every book, what moved it, when books lay apart.")
@click.option("--finding", metavar="CODE", help="Code of a finding: its witness, why it is damage, what prevents it.")
@click.option("--all", "everything", is_flag=True, help="Of a SKU: every row.")
def explain(run: Path, order: str | None, sku: str | None, finding: str | None, everything: bool) -> None:
    """Tell what happened in the run in the folder RUN: in a screen, or all about one order, SKU or finding.

    Without an option: which faults struck, what they caused, the witness that came first, and where to look next.

    \b
    seatrial explain runs/lost
    seatrial explain runs/lost --order MP-000012
    seatrial explain runs/lost --sku SKU-0048
    seatrial explain runs/lost --finding DUPLICATE_SALES_ORDER
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from seatrial.opening import open_run

    if sum(each is not None for each in (order, sku, finding)) > 1:
        raise click.UsageError("give one of --order, --sku and --finding")
    saved = open_run(run)
    try:
        if order is not None:
            _print(_of_order(saved, order))
        elif sku is not None:
            _print(_of_sku(saved, sku, everything))
        elif finding is not None:
            _print(_of_finding(saved, finding))
        else:
            _print(_of_run(saved, run))
    except UnknownName:
        saved.check()  # it may be among what was lost
        raise
    warn(saved)


def _of_run(saved: SavedRun, run: Path) -> Iterator[Said]:
    from seatrial.reports.explain_run import run_lines

    return run_lines(saved.verdict, str(run), saved.incomplete)


def _of_order(saved: SavedRun, order: str) -> Iterator[Said]:
    from seatrial.reports.explain_order import OrderStory

    return OrderStory(saved.log, order, saved.facts).lines()


def _of_sku(saved: SavedRun, sku: str, everything: bool) -> Iterator[Said]:
    from seatrial.reports.explain_sku import SkuStory

    return SkuStory(saved.log, sku, saved.facts).lines(everything=everything)


def _of_finding(saved: SavedRun, code: str) -> Iterator[Said]:
    from seatrial.reports.explain_finding import finding_lines, findings_named

    for each in findings_named(saved.verdict, code):
        yield from finding_lines(each, saved.verdict)


def say(console: Console, lines: Iterable[Said]) -> None:
    """Print a story."""
    for line in lines:
        console.print(Text(line.text, style=_STYLES[line.tone]), soft_wrap=True)


def _print(lines: Iterable[Said]) -> None:
    say(results(), lines)
