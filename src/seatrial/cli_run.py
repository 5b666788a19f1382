"""`seatrial run`: scenarios against integrations, a verdict for each and one page for all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from seatrial.cli_console import errors, results
from seatrial.cli_errors import HARNESS, complain, parse_settings
from seatrial.cli_progress import Bar
from seatrial.exit_codes import worst
from seatrial.sim.errors import BadInput, HarnessError, SeatrialError

if TYPE_CHECKING:
    from seatrial.scenarios.loader import Loaded
    from seatrial.sim.decisions import Decisions
    from seatrial.voyage import Run

RUNS: Final = Path("runs")
"""Where runs go that were not given a folder."""


class Leg(msgspec.Struct, frozen=True):
    """One run to come."""

    loaded: Loaded
    """The scenario."""
    integration: str
    """Name of the integration under test."""
    folder: Path
    """Run folder."""


def complete_scenario(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the library, and files."""
    from seatrial.scenarios.loader import library

    names = [CompletionItem(name) for name in library() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


def complete_integration(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the catalogue."""
    from seatrial.sim.catalogue import Catalogue

    return [CompletionItem(name) for name in Catalogue("integrations").names() if name.startswith(incomplete)]


@click.command(short_help="Run scenarios and judge them.")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", shell_complete=complete_scenario)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of all chance: one seed, one history.")
@click.option(
    "--integration",
    "integrations",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_integration,
    help="Integration under test, or package.module:function; may be repeated. Default: what the scenario says.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run folder. Default: below runs/.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", callback=parse_settings,
    help="Replace a value of the scenario, by its dotted name; may be repeated.",
)  # fmt: skip
@click.option(
    "--replay", type=click.Path(path_type=Path), metavar="RUN",
    help="A run folder whose faults strike the same calls again, in place of dice and windows; its seed is taken.",
)  # fmt: skip
@click.option(
    "--twice/--no-twice", default=None,
    help="Prove by a second run, in another process, that the integration does the same. Default: for code of yours.",
)  # fmt: skip
def run(  # noqa: PLR0913 (one argument per option)
    scenarios: tuple[str, ...],
    seed: int,
    integrations: tuple[str, ...],
    out: Path | None,
    settings: dict[str, str],
    replay: Path | None,
    twice: bool | None,
) -> None:
    """Run scenarios and judge them. SCENARIO is a name from `seatrial list scenarios` or a .yaml file.

    DIR becomes the run folder and holds the evidence, the verdict and the page report.html; an earlier run in it is
    replaced. With several scenarios or integrations each run gets DIR/<scenario>-<integration>, and DIR/report.html
    shows them side by side. The exit code is that of the worst run: 3 harness error, then 1 violated, 4 inconclusive,
    0 passed.

    \b
    seatrial run peak-week --integration resilient --integration naive --out runs/peak-week
    seatrial run my-scenario.yaml --seed 7 --set duration='2 d' --set faults.0.probability='10 %'
    """  # noqa: D301
    from seatrial.voyage import PAGE

    legs = plan(scenarios, integrations, out, settings)
    decisions = _decisions(replay)
    if decisions is not None and is_default("seed"):
        seed = decisions.origin.seed
    _check(legs, seed, decisions)
    several = len(legs) > 1
    base = (out or RUNS) if several else legs[0].folder
    if several:
        with suppress(OSError):  # a page of earlier runs beside those of today would lie
            (base / PAGE).unlink(missing_ok=True)
    runs, codes = _sail_all(legs, seed, decisions, twice, several=several)
    if several and runs:
        _page_of_all(base, runs)
    click.get_current_context().exit(worst(codes))


def plan(
    scenarios: Sequence[str], integrations: Sequence[str], out: Path | None, settings: Mapping[str, str]
) -> list[Leg]:
    """Every scenario against every integration, each with a folder of its own. Raises BadInput."""
    from seatrial.scenarios.loader import load_scenario

    loaded = [load_scenario(name, settings) for name in scenarios]
    pairs = [(each, name) for each in loaded for name in integrations or (each.scenario.integration,)]
    names = [folder_name(each, name) for each, name in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        hint = "name each scenario and integration once, and give each scenario file a `name` of its own"
        raise BadInput("two runs would share one folder", value=twice, hint=hint)
    alone = out is not None and len(pairs) == 1
    folders = [out if alone and out is not None else (out or RUNS) / name for name in names]
    return [Leg(*pair, folder) for pair, folder in zip(pairs, folders, strict=True)]


def folder_name(loaded: Loaded, integration: str) -> str:
    """A folder for a run of a scenario against an integration."""
    return re.sub(r"[^\w.-]+", "-", f"{loaded.scenario.name}-{integration}").lstrip(".-") or "run"


def _decisions(replay: Path | None) -> Decisions | None:
    from seatrial.sim.decisions import read_decisions

    return None if replay is None else read_decisions(replay)


def is_default(option: str) -> bool:
    """Whether nobody gave this option."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.DEFAULT


def _check(legs: Sequence[Leg], seed: int, decisions: Decisions | None) -> None:
    """Bad input of the last run is found before the first one starts."""
    from seatrial.replaying import check_fits
    from seatrial.sim.runplace import holds_run
    from seatrial.voyage import rehearse

    if decisions is not None:
        for leg in legs:
            check_fits(decisions, leg.loaded, seed)
    if len(legs) == 1:
        return
    base = legs[0].folder.parent
    if base.is_dir() and holds_run(base, sorted(each.name for each in base.iterdir())):
        raise BadInput("the folder holds a run itself", value=str(base), hint="several runs need another: --out DIR")
    for leg in legs:
        rehearse(leg.loaded, seed=seed, integration=leg.integration)


def _sail_all(
    legs: Sequence[Leg], seed: int, decisions: Decisions | None, twice: bool | None, *, several: bool
) -> tuple[list[Run], list[int]]:
    """Run one after the other; a harness error of one does not stop the others, an interruption does."""
    from seatrial.voyage import Interrupted

    runs: list[Run] = []
    codes: list[int] = []
    for leg in legs:
        try:
            runs.append(_sail(leg, seed, decisions, twice, several=several))
            codes.append(runs[-1].verdict.exit_code)
        except Interrupted as error:
            complain(str(error))
            return runs, [*codes, HARNESS]
        except HarnessError as error:
            complain(f"{error} · what happened until then can be read: seatrial show {leg.folder}")
            codes.append(HARNESS)
    return runs, codes


def _sail(leg: Leg, seed: int, decisions: Decisions | None, twice: bool | None, *, several: bool) -> Run:
    from seatrial.cli_verdict import Told, tell
    from seatrial.voyage import PAGE, Interrupted, page_of, sail

    try:
        with Bar(errors(), f"{leg.loaded.scenario.name} · {leg.integration}") as bar:
            done = sail(
                leg.loaded,
                seed=seed,
                integration=leg.integration,
                out=leg.folder,
                progress=bar,
                replay=decisions,
                twice=twice,
            )
    except KeyboardInterrupt:
        raise Interrupted("stopped before the run began") from None
    except Exception as error:
        if not isinstance(error, SeatrialError):
            error.add_note(f"what happened until then can be read: seatrial show {leg.folder}")
        raise
    if not several and done.folder is not None:
        done.folder.keep(PAGE, page_of([done]))
    page = None if several else leg.folder / PAGE
    replayed = tuple(done.replayed.lines) if done.replayed else ()
    told = Told(
        verdict=done.verdict,
        folder=leg.folder,
        digest=done.digest,
        page=page,
        remarks=done.remarks,
        replayed=replayed,
    )
    tell(results(), told)
    return done


def _page_of_all(base: Path, runs: Sequence[Run]) -> None:
    from seatrial.cli_verdict import verdict_words
    from seatrial.voyage import PAGE, write_report

    page = write_report(base / PAGE, runs)
    results().print(f"{len(runs)} runs: {verdict_words([each.verdict for each in runs])} · page {page}", soft_wrap=True)
