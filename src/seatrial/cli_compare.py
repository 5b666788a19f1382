"""`seatrial compare` and `seatrial stats`: what many runs have to say, side by side or over their seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from seatrial.cli_console import errors, results
from seatrial.cli_files import write_text
from seatrial.cli_gate import share
from seatrial.cli_rows import Rows
from seatrial.sim.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from seatrial.reports.comparison import Comparison
    from seatrial.reports.comparison_view import View
    from seatrial.reports.fleet import Fleet
    from seatrial.reports.pairing import Side

_STYLES: Final = {"better": "green", "worse": "red", "changed": "cyan", "equal": "dim", "undecided": "yellow"}
_SHORT: Final = 14
"""Letters of a name over a column, at most."""
_FILE: Final = click.Path(path_type=Path)
_MEASURES: Final = click.option(
    "--measure", "measures", multiple=True, metavar="READING", help="Name or pattern of readings; may be repeated."
)


@click.command(short_help="Compare two sides, paired by seed.")
@click.argument("runs", nargs=-1, required=True, type=_FILE, metavar="A [B]")
@click.option("--by", type=click.Choice(["integration", "settings", "version"]), help="Split the one tree A by this.")
@click.option("--base", default="", metavar="NAME", help="With --by: what the others are held against.")
@_MEASURES
@click.option(
    "--risk", default="5%", show_default=True, metavar="SHARE",
    help="Share of what is called better or worse that may be so by chance.",
)  # fmt: skip
@click.option("--json", "as_json", type=_FILE, metavar="FILE", help="Write everything as JSON.")
@click.option("--markdown", type=_FILE, metavar="FILE", help="Write the tables as Markdown.")
@click.option("--page", type=_FILE, metavar="FILE", help="Write a report page: the worst run of each side, compared.")
@click.option(
    "--all", "everything", is_flag=True, help="Show every reading, not only headlines and what differs most of a kind."
)
def compare(  # noqa: PLR0913 (one argument per option)
    runs: tuple[Path, ...],
    by: Side | None,
    base: str,
    measures: tuple[str, ...],
    risk: str,
    as_json: Path | None,
    markdown: Path | None,
    page: Path | None,
    everything: bool,
) -> None:
    """Hold the runs in or below B against those in A, paired by seed: better, worse, equal or undecided.

    The two sides differ in one thing: integration, settings or version. With --by one tree is split into its sides.

    \b
    seatrial compare runs/main runs/now
    seatrial compare runs/suite --by integration --base resilient --measure 'latency.*'
    """  # noqa: D301
    from seatrial.gating import compare as held_against
    from seatrial.reports.comparison import EVERYTHING
    from seatrial.reports.comparison_markdown import comparison_markdown
    from seatrial.reports.fleet import merged
    from seatrial.reports.saved import json_text

    sides = _sides(runs, by, base)
    chosen, most, everything = measures or EVERYTHING, share(risk, "--risk"), everything or bool(measures)
    found = [held_against(sides[0], other, measures=chosen, risk=most) for other in sides[1:]]
    for each in found:
        _tell(each, everything=everything)
    if as_json is not None:
        write_text(as_json, json_text(found[0] if len(found) == 1 else found))
    if markdown is not None:
        write_text(markdown, "\n".join(comparison_markdown(each, everything=everything) for each in found))
    if page is not None:
        _write_page(page, merged(sides), found)


@click.command(short_help="Median and interval of every reading over seeds.")
@click.argument("runs", nargs=-1, required=True, type=_FILE, metavar="RUNS...")
@_MEASURES
@click.option("--json", "as_json", type=_FILE, metavar="FILE", help="Write everything as JSON.")
@click.option("--page", type=_FILE, metavar="FILE", help="Write a report page: the worst run of each, with intervals.")
def stats(runs: tuple[Path, ...], measures: tuple[str, ...], as_json: Path | None, page: Path | None) -> None:
    """Median or rate of every reading over the seeds of each scenario and integration, with its interval.

    Shown are the headlines; with --measure what you name. --page shows the run with the worst verdict of each scenario
    and integration side by side, and beside its readings and limits what all seeds say.

    \b
    seatrial stats runs/suite --measure 'recovery.*'
    seatrial stats runs/suite --page runs/suite/report.html
    """  # noqa: D301
    from seatrial.gating import fleet
    from seatrial.reports.estimates import PASSED, estimates
    from seatrial.reports.interval_words import estimate_row
    from seatrial.reports.saved import HEADLINES, json_text

    mustered, written = fleet(runs), {}
    _countable(mustered)
    for trial, series in mustered.series().items():
        found = estimates(tuple(series.values()))
        heads = {name: place for place, name in enumerate((PASSED, *HEADLINES))}
        shown = [each for each in found if _chosen(each.measure, measures or tuple(heads))]
        shown.sort(key=lambda each: heads.get(each.measure, len(heads)))
        if not shown:
            names = [each.measure for each in found]
            raise UnknownName("no run has such a reading", value=measures[0], known=names, where="--measure")
        written[f"{trial.name} {trial.settings_text}".strip()] = found
        results().print(Text(f"{trial.name}  {trial.settings_text}", style="bold"), soft_wrap=True)
        _print(
            ("reading", "value", "interval (95 %)", "runs", "method"),
            (estimate_row(each, mustered.currency) for each in shown),
        )
    if as_json is not None:
        write_text(as_json, json_text(written))
    if page is not None:
        _write_page(page, mustered)


def _write_page(path: Path, mustered: Fleet, comparisons: Sequence[Comparison] = ()) -> None:
    from seatrial.overview import overview
    from seatrial.reports.page import page

    write_text(path, page(overview(mustered), comparisons))
    results().print(Text(f"page {path}", style="dim"), soft_wrap=True)


def _sides(runs: Sequence[Path], by: Side | None, base: str) -> Sequence[Fleet]:
    from seatrial.gating import fleet
    from seatrial.reports.pairing import split

    if by is None:
        if len(runs) != 2:
            raise BadInput("two sides are compared", value=len(runs), hint="give A and B, or one tree with --by")
        if base:
            raise BadInput("--base chooses among the sides of --by", value=base, where="--base")
        return [fleet(each) for each in runs]
    return [each for _, each in split(fleet(runs), by, base)]


def _countable(mustered: Fleet) -> None:
    for text in (*(stray.text for stray in mustered.strays), *mustered.notes):
        errors().print(Text(f"not counted: {text}", style="yellow"), soft_wrap=True)
    if not mustered.runs:
        raise BadInput("no run that counts", value=mustered.label, hint="see above what is the matter with them")


def _chosen(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _tell(comparison: Comparison, *, everything: bool) -> None:
    from seatrial.reports.comparison_view import views
    from seatrial.reports.interval_words import method_lines

    console = results()
    for view in views(comparison, everything=everything):
        title = f"{view.scenario}: {_side('B', comparison.b)} against {_side('A', comparison.a)}"
        console.print(Text.assemble((title, "bold"), (f"  {view.sum}", "dim")), soft_wrap=True)
        _print_view(view, comparison)
    for text in method_lines(comparison):
        console.print(Text(text, style="dim"), soft_wrap=True)
    for note in comparison.notes:
        errors().print(Text(note, style="yellow"), soft_wrap=True)


def _print_view(view: View, comparison: Comparison) -> None:
    """One table, so that its columns stand below each other; a line of its own says what the rows below it are."""
    from seatrial.reports.comparison_view import TITLES

    names = {"A": comparison.a, "B": comparison.b}
    shown = Rows(*(f"{title}: {names[title]}" if _is_short(names.get(title, "")) else title for title in TITLES))
    for judgement, rows in view.groups:
        shown.head(judgement, _STYLES[judgement])
        for row in rows:
            shown.add(*row.cells(comparison.currency, view.pairs))
    shown.print(results())
    if view.hidden:
        hint = "--all shows every reading, --measure those of a name or pattern"
        results().print(Text(f"{view.hidden} · {hint}", style="dim"), soft_wrap=True)


def _is_short(name: str) -> bool:
    """Whether a side can stand over a column by its name."""
    return 0 < len(name) <= _SHORT


def _side(letter: str, name: str) -> str:
    """A side in a title, with its letter where only that stands over its column."""
    return name if _is_short(name) else f"{name} ({letter})"


def _print(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    shown = Rows(*titles)
    for row in rows:
        shown.add(*row)
    shown.print(results())
