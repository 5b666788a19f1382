"""`seatrial search`: look for the storm that an integration does not survive."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.status import Status
from rich.text import Text

from seatrial.cli_console import errors, results
from seatrial.cli_errors import HARNESS, parse_settings
from seatrial.cli_explain import say
from seatrial.cli_run import complete_integration, complete_scenario

if TYPE_CHECKING:
    from seatrial.search_explored import Explored
    from seatrial.searching import SearchResult
    from seatrial.storms import Storm

_OUT: Final = Path(".seatrial/storms")
_REDRAW: Final = 0.2
"""Seconds between two drawings."""
_LABEL: Final = 15
_FOUND: Final = 1


@click.command(short_help="Look for the storm that an integration does not survive.")
@click.argument("scenario", metavar="SCENARIO", shell_complete=complete_scenario)
@click.option(
    "--integration", default="", metavar="NAME", shell_complete=complete_integration,
    help="Integration under test, or package.module:function. Default: what the scenario says.",
)  # fmt: skip
@click.option("--budget", default="60 s", show_default=True, metavar="TIME", help="Time to search for.")
@click.option("--orders", type=int, default=20, show_default=True, help="Orders of a storm, at most.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=_OUT, show_default=True, metavar="DIR",
    help="Folder of known storms: they are tried first, and what is found is written there.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Which storms are tried: one seed, one search.")
@click.option("--jobs", type=int, metavar="N", help="Processes. Default: one for each core.")
@click.option(
    "--finding", "findings", multiple=True, metavar="CODE", help="Look for this finding only; may be repeated."
)
@click.option(
    "--without", multiple=True, metavar="FAULT",
    help="Do not try this kind of fault, which the integration is known not to survive; may be repeated.",
)  # fmt: skip
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", callback=parse_settings,
    help="Replace a value of the scenario, by its dotted name; may be repeated.",
)  # fmt: skip
@click.option(
    "--twice/--no-twice", default=None,
    help="Prove first, in another process, that the integration does the same twice. Default: for code of yours.",
)  # fmt: skip
def search(  # noqa: PLR0913 (one argument per option)
    scenario: str,
    integration: str,
    budget: str,
    orders: int,
    out: Path,
    seed: int,
    jobs: int | None,
    findings: tuple[str, ...],
    without: tuple[str, ...],
    settings: dict[str, str],
    twice: bool | None,
) -> None:
    """Sail short storms over the first orders of SCENARIO until one does harm, then make that one as small as can be.

    What is found is written to DIR as a scenario that replays it. The exit code is 1 where a failure was found, 0 where
    the time ended without one, 3 where it was stopped before.

    \b
    seatrial search open-water --integration retrying
    seatrial search my-scenario.yaml --budget '5 min' --orders 50 --finding DUPLICATE_INVOICE
    """  # noqa: D301
    from seatrial.scenarios.loader import load_scenario
    from seatrial.searching import Watcher
    from seatrial.searching import search as look

    loaded = load_scenario(scenario, settings)
    drawn = _Drawing(errors())
    with _by_itself(), drawn.console.status("searching") if drawn.console.is_terminal else _Quiet() as status:
        drawn.status = status
        result = look(
            loaded, integration=integration, budget=budget, orders=orders, out=out, seed=seed, findings=findings,
            without=without, twice=twice, jobs=jobs, watcher=Watcher(drawn.exploring, drawn.shrinking),
        )  # fmt: skip
    tell(results(), result)
    click.get_current_context().exit(_FOUND if result.found else HARNESS if result.interrupted else 0)


@contextmanager
def _by_itself() -> Iterator[None]:
    """A search is heard once, not a hundred times: nobody listens to what the code under test logs, unless it sees to
    that itself; and what hypothesis keeps for later, which is nothing of ours, it keeps nowhere.
    """
    of_ours = logging.StreamHandler()
    of_ours.addFilter(logging.Filter("seatrial"))
    with TemporaryDirectory(prefix="seatrial-") as folder:
        logging.getLogger().addHandler(of_ours)
        _hypothesis_keeps(folder)
        try:
            yield
        finally:
            _hypothesis_keeps(None)
            logging.getLogger().removeHandler(of_ours)


def _hypothesis_keeps(folder: str | None) -> None:
    with suppress(ImportError):  # where it is not installed, the search says so
        from hypothesis.configuration import set_hypothesis_home_dir

        set_hypothesis_home_dir(folder)


def tell(console: Console, result: SearchResult) -> None:
    """Print what a search came to."""
    word, style = _head(result)
    console.print(Text(word, style=style), soft_wrap=True)
    for label, lines in _blocks(result):
        for number, line in enumerate(lines):
            text = Text(f"  {label if not number else '':<{_LABEL}}", style="dim") + Text(line, style="default not dim")
            console.print(text, soft_wrap=True)
    if result.finding is not None and result.verdict is not None:
        from seatrial.reports.explain_finding import finding_lines

        console.print()
        say(console, finding_lines(result.finding, result.verdict))


def _head(result: SearchResult) -> tuple[str, str]:
    if result.finding is not None:
        return f"✗ FOUND  {result.finding.code}: {result.finding.title}", "bold red"
    if result.interrupted:
        return "! STOPPED  nothing was found until then", "bold magenta"
    return "✓ NOTHING FOUND  within the time", "bold green"


def _blocks(result: SearchResult) -> Iterator[tuple[str, list[str]]]:
    """What is said, by what it is about."""
    yield "explored", result.explored.lines
    if known := _known(result):
        yield "known", [known]
    if result.found is None:
        return
    if result.was is not None and not result.known:
        unsettled = "" if result.settled else "; stopped before nothing more could be taken away"
        yield "shrunk", [f"from {_size(result.was)} to {_size(result.found)} in {result.shrink_runs} runs{unsettled}"]
    yield "storm", _rules(result.found)
    if result.path is not None:
        yield "scenario", [str(result.path)]
        yield "digest", [result.digest]
        yield "replay", [result.replay]


def _known(result: SearchResult) -> str:
    """What became of the storms that were known before; empty: there were none."""
    from seatrial.reports.page_words import counted

    if result.known:
        return f"{result.path} was known before, and still does harm"
    if not result.known_storms:
        return ""
    if result.withstood < result.known_storms:
        return f"{result.withstood} of {counted(result.known_storms, 'storm')} withstood; the others were not sailed"
    return f"{counted(result.known_storms, 'storm')}, {'all ' if result.known_storms > 1 else ''}withstood"


def _size(storm: Storm) -> str:
    from seatrial.reports.page_words import counted

    rules, orders, units, seconds = storm.size
    return f"{counted(rules, 'rule')}, {counted(orders, 'order')} of {counted(units, 'unit')}, {seconds:g} s"


def _rules(storm: Storm) -> list[str]:
    from seatrial.storm_words import plain

    told = [", ".join(_words(plain(rule))) for rule in storm.rules]
    return told or ["no fault at all: it goes wrong in calm water"]


def _words(rule: Mapping[str, object]) -> Iterator[str]:
    at = rule.get("at", "*")
    yield f"{rule['fault']} at {'everything' if at == '*' else at}"
    for name, value in rule.items():
        if name == "with" and isinstance(value, Mapping):
            yield from (f"{field} {written}" for field, written in value.items())
        elif name not in ("fault", "at"):
            yield f"{name} {value}"


class _Quiet:
    """Nobody watches."""

    def __enter__(self) -> _Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _text: str) -> None:
        """Nothing to see."""


class _Drawing:
    """Draws how far a search is, now and then."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.status: Status | _Quiet = _Quiet()
        self._drawn = 0.0

    def exploring(self, explored: Explored) -> None:
        """So many runs."""
        self._draw(f"searching: {explored.runs:,} runs, {explored.pace:.0f} a second, {explored.pairs} pairs of faults")

    def shrinking(self, runs: int, storm: Storm) -> None:
        """So far it has become smaller."""
        self._draw(f"found one; made smaller in {runs:,} runs: {_size(storm)}")

    def _draw(self, text: str) -> None:
        now = monotonic()
        if self.console.is_terminal and now - self._drawn > _REDRAW:
            self._drawn = now
            self.status.update(text)
