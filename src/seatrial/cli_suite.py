"""`seatrial suite`: scenarios against integrations by many seeds, on all cores or on a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from seatrial.cli_console import errors, results
from seatrial.cli_errors import parse_settings
from seatrial.cli_run import RUNS, complete_integration, complete_scenario

if TYPE_CHECKING:
    from seatrial.suite_log import Suite
    from seatrial.suite_place import Found
    from seatrial.suite_plan import Plan

_OUT: Final = RUNS / "suite"
"""Where a suite goes that was not given a folder."""


@click.command(short_help="Run scenarios by many seeds, on all cores.")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", shell_complete=complete_scenario)
@click.option(
    "--integration", "integrations", multiple=True, metavar="NAME", shell_complete=complete_integration,
    help="Integration under test; may be repeated. Default: what the scenario says.",
)  # fmt: skip
@click.option("--seeds", default="20", show_default=True, metavar="SEEDS", help="How many (20), 1-20, or 3,7,9.")
@click.option("--jobs", type=int, metavar="N", help="Processes. Default: one for each core.")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, show_default=True, metavar="DIR", help="Folder.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", callback=parse_settings,
    help="Replace a value of every scenario, by its dotted name; may be repeated.",
)  # fmt: skip
@click.option("--no-evidence", is_flag=True, help="Keep verdict and readings of each run, not its rows.")
@click.option("--pages", is_flag=True, help="Write a report page for each run.")
@click.option("--again", is_flag=True, help="Make finished runs anew as well.")
@click.option(
    "--timeout", metavar="DURATION",
    help="A run that takes longer is given up as a harness error. Default: 30 min; `0 s`: none is.",
)  # fmt: skip
@click.option("--dask", default="", metavar="ADDRESS", help="Dask cluster that makes the runs; `local`: one here.")
def suite(  # noqa: PLR0913 (one argument per option)
    scenarios: tuple[str, ...],
    integrations: tuple[str, ...],
    seeds: str,
    jobs: int | None,
    out: Path,
    settings: dict[str, str],
    no_evidence: bool,
    pages: bool,
    again: bool,
    timeout: str | None,
    dask: str,
) -> None:
    """Run scenarios against integrations by many seeds. Each run gets DIR/<scenario>/<integration>/seed-<n>.

    A run that crashes or hangs is a harness error and stops no other. Runs that are finished are not made again: after
    Ctrl-C the same command goes on where it was stopped. The exit code is that of the worst run: 3 harness error or not
    run, then 1 violated, 4 inconclusive, 0 passed.

    \b
    seatrial suite calm-day carrier-outage --integration resilient --integration naive --seeds 20
    seatrial suite my-scenario.yaml --seeds 3,7,9 --jobs 4 --out runs/mine --no-evidence
    seatrial suite peak-week --seeds 200 --dask tcp://scheduler:8786
    """  # noqa: D301
    from seatrial.suite_plan import TIMEOUT, Plan, passages, timeout_of
    from seatrial.suite_seeds import seeds_of
    from seatrial.suite_voyage import jobs_of, survey

    workers = jobs_of(jobs, dask)
    chosen = passages(scenarios, integrations, seeds_of(seeds), settings)
    plan = Plan(out, chosen, evidence=not no_evidence, pages=pages, timeout=timeout_of(timeout or TIMEOUT))
    found = survey(plan)
    _tell_again(found, again=again)
    done = _carry_on(plan, found, dask, workers, again=again)
    click.get_current_context().exit(done.exit_code)


def _carry_on(plan: Plan, found: Sequence[Found], dask: str, workers: int, *, again: bool) -> Suite:
    from seatrial.cli_suite_board import Board
    from seatrial.cli_suite_table import tell_suite
    from seatrial.suite_voyage import carry_on, crew_of

    with Board(errors()) as board:
        done = carry_on(plan, found, lambda runs: crew_of(dask, min(workers, runs)), board, again=again)
    tell_suite(results(), done, _commands())
    return done


def _tell_again(found: Sequence[Found], *, again: bool) -> None:
    """What is there of earlier suites, and why some of it has to be made again."""
    from seatrial.reports.page_words import counted, listed

    finished = sum(each.finished for each in found)
    if finished and not again:
        errors().print(f"{counted(finished, 'run')} of {len(found):,} finished already, not made again")
    reasons = [each.why for each in found if each.why]
    if reasons:
        told = listed([f"{reasons.count(why):,} {why}" for why in dict.fromkeys(reasons)])
        errors().print(f"{counted(len(reasons), 'run')} to be made again: {told}", soft_wrap=True)


def _commands() -> frozenset[str]:
    """Commands that can be recommended."""
    front = click.get_current_context().find_root().command
    return frozenset(front.commands) if isinstance(front, click.Group) else frozenset()
