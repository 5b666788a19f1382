"""`seatrial wire`: a scenario on real sockets, against a program in any language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING, Final

import click
import msgspec
from rich.text import Text

from seatrial.cli_console import errors, results
from seatrial.cli_errors import parse_settings
from seatrial.cli_progress import Bar
from seatrial.cli_run import RUNS, complete_scenario, folder_name, is_default
from seatrial.sim.errors import BadInput, SeatrialError

if TYPE_CHECKING:
    from seatrial.scenarios.loader import Loaded
    from seatrial.wire_options import WireOptions
    from seatrial.wire_run import WireRun


_APART: Final = frozenset({"integration", "attach", "seed", "settings", "time_scale", "out", "load_web", "print_env"})
"""Options that a run is repeated without, or that its command says by itself; all others change what happens."""


def parse_ports(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """`--port erp=9001`, by partner."""
    for each in given:
        name, sign, number = each.partition("=")
        if not sign or not name or not number.isdecimal() or int(number) > 65535:
            raise BadInput("not a port", value=each, where="--port", hint="write partner=number, such as erp=9001")
    return {name: int(number) for name, _, number in (each.partition("=") for each in given)}


@click.command(
    short_help="Run a scenario on real sockets, against a program.", context_settings={"ignore_unknown_options": False}
)
@click.argument("scenario", metavar="SCENARIO", shell_complete=complete_scenario)
@click.argument("command", nargs=-1, metavar="[-- COMMAND...]", type=click.UNPROCESSED)
@click.option("--integration", metavar="NAME", default="", help="One of ours as the program, in place of COMMAND.")
@click.option("--attach", metavar="URL", default="", help="An integration that runs already, by its base URL.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of all chance.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run folder. Default: below runs/.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    callback=parse_settings,
    help="Replace a value of the scenario; may be repeated.",
)
@click.option(
    "--time-scale",
    type=float,
    metavar="N",
    help="Seconds of business time in a real second. Default: what the scenario says.",
)
@click.option(
    "--faults-at",
    type=click.Choice(["proxy", "partner"]),
    default="proxy",
    show_default=True,
    help="Where faults strike.",
)
@click.option(
    "--ready",
    default="port",
    show_default=True,
    metavar="SIGN",
    help="How to tell that the integration is ready: port, http:/path, log:PATTERN.",
)
@click.option(
    "--ready-within", type=float, default=30.0, show_default=True, metavar="SECONDS", help="How long it may take."
)
@click.option(
    "--listen",
    type=int,
    default=0,
    metavar="PORT",
    help="Port on which the integration takes webhooks. Default: a free one.",
)
@click.option("--webhooks", default="", metavar="URL", help="Where webhooks go, without the partner's name.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="NAME=PORT",
    callback=parse_ports,
    help="Port of a partner, before a dependency, or of the page (control); may be repeated.",
)
@click.option("--load-workers", type=int, default=0, metavar="N", help="Processes that the load is spread over.")
@click.option("--load-guests", type=int, default=0, metavar="N", help="Load workers that join from other machines.")
@click.option("--load-port", type=int, default=0, metavar="PORT", help="Port of the load's master.")
@click.option("--load-web", type=int, default=0, metavar="PORT", help="Show Locust's own web page.")
@click.option(
    "--settle",
    type=float,
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="End the calm phase early after so long without news; 0: never.",
)
@click.option(
    "--replay", type=click.Path(path_type=Path), metavar="RUN", help="Make the fault decisions of an earlier run again."
)
@click.option("--print-env", is_flag=True, help="Print what the integration would be told, and end.")
def wire(scenario: str, command: tuple[str, ...], **given: object) -> None:
    """Run a scenario on real sockets and judge it. COMMAND starts the integration under test.

    It finds its partners by environment variables (--print-env shows them) and gets webhooks on $PORT. The run folder,
    the page and the exit codes are those of `seatrial run`.

    \b
    seatrial wire lost-erp-replies --time-scale 720 -- node my-integration.js
    seatrial wire fidelity/lost-replies --integration resilient
    """  # noqa: D301
    from seatrial.scenarios.loader import load_scenario
    from seatrial.sim.decisions import read_decisions
    from seatrial.wire_run import wire_run

    asked = msgspec.convert(given, _Given)
    if asked.replay is not None and is_default("seed"):
        asked = msgspec.structs.replace(asked, seed=read_decisions(asked.replay).origin.seed)
    loaded = load_scenario(scenario, asked.scaled_settings())
    folder = asked.out or RUNS / f"{folder_name(loaded, asked.called(command))}-wire"
    options = asked.options(command, loaded)
    if asked.print_env:
        _print_env(loaded, options, folder)
        return
    with _kept_in(folder):
        with Bar(errors(), f"{loaded.scenario.name} · {asked.called(command)}") as bar:
            done = wire_run(loaded, options, folder, progress=bar, said=_say)
        _tell(done, folder)
    click.get_current_context().exit(done.exit_code)


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Whatever goes wrong once there is a run folder: the error says where the evidence is."""
    from seatrial.voyage import Interrupted

    where = f" · what happened until then can be read: seatrial show {quote(str(folder))}"
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"stopped before the verdict{where if _begun(folder) else ''}") from None
    except SeatrialError as error:
        if isinstance(error, BadInput) or not _begun(folder) or "seatrial show" in str(error):
            raise
        error.args = (f"{error}{where}",)
        raise


def _begun(folder: Path) -> bool:
    from seatrial.sim.runplace import holds_run

    return folder.is_dir() and holds_run(folder, sorted(each.name for each in folder.iterdir()))


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were given."""

    integration: str
    attach: str
    seed: int
    out: Path | None
    settings: dict[str, str]
    time_scale: float | None
    faults_at: str
    ready: str
    ready_within: float
    listen: int
    webhooks: str
    ports: dict[str, int]
    load_workers: int
    load_guests: int
    load_port: int
    load_web: int
    settle: float
    replay: Path | None
    print_env: bool

    def scaled_settings(self) -> dict[str, str]:
        """The time scale is a value of the scenario like any other."""
        scale = {} if self.time_scale is None else {"time_scale": f"{self.time_scale:g}"}
        return {**self.settings, **scale}

    def called(self, command: tuple[str, ...]) -> str:
        """What the integration under test is called in reports."""
        return called(command) or self.attach or self.integration or "resilient"

    def how(self, command: tuple[str, ...], loaded: Loaded) -> str:
        """The options by which the same is run again; a command comes last."""
        who = (
            f"--attach {quote(self.attach)}"
            if self.attach
            else f"--integration {self.integration or loaded.scenario.integration}"
        )
        plain, known = msgspec.structs.asdict(self), click.get_current_context().command.params
        given = [each for each in known if each.name in plain and each.name not in _APART and not is_default(each.name)]
        others = [f"{each.opts[0]} {quote(text)}" for each in given for text in _texts(plain[each.name or ""])]
        return " ".join((*others, f"-- {join(command)}") if command else (who, *others))

    def options(self, command: tuple[str, ...], loaded: Loaded) -> WireOptions:
        """What the voyage takes."""
        from seatrial.wire_options import WireOptions
        from seatrial.wire_run import our_command

        if (command or self.attach) and self.integration:
            other = "a command" if command else "an integration to attach to"
            raise BadInput(f"{other} and one of our integrations", value=self.integration, hint="give one of them")
        nobody = self.attach or self.print_env  # nobody is started
        ours = () if nobody else our_command(self.integration or loaded.scenario.integration)
        is_ours = not command and not self.attach
        plain = msgspec.structs.asdict(self)
        same = (
            "attach",
            "webhooks",
            "listen",
            "ready_within",
            "faults_at",
            "ports",
            "settle",
            "load_web",
            "seed",
            "replay",
        )
        return WireOptions(
            called=self.called(command),
            how=self.how(command, loaded),
            command=command or ours,
            ready="http:/health" if is_ours and self.ready == "port" else self.ready,
            workers=self.load_workers,
            guests=self.load_guests,
            master_port=self.load_port,
            **{name: plain[name] for name in same},
        )


def _texts(value: object) -> list[str]:
    """The value of an option as it is written, once for each time."""
    if isinstance(value, dict):
        return [f"{name}={port}" for name, port in value.items()]
    return [f"{value:g}" if isinstance(value, float) else str(value)]


def called(command: tuple[str, ...]) -> str:
    """A program by its name, and that of what it runs; empty for none."""
    what = [word for word in command[1:] if not word.startswith("-")]
    return " ".join(Path(word).name for word in (*command[:1], *what[:1]))


def _print_env(loaded: Loaded, options: WireOptions, folder: Path) -> None:
    from seatrial.wire_run import example_environment

    told = example_environment(loaded, options, folder)
    if options.attach:
        del told["SEATRIAL_STORE"]  # it runs before there is a run folder
    for name, value in told.items():
        results().print(Text(f"{name}={value}"), soft_wrap=True)


def _say(text: str) -> None:
    errors().print(Text(text, style="dim"), soft_wrap=True)


def _tell(done: WireRun, folder: Path) -> None:
    from seatrial.cli_verdict import Told, tell
    from seatrial.voyage import PAGE, page_of

    run = done.run
    if run.folder is not None:
        run.folder.keep(PAGE, page_of([run]))
    told = Told(
        verdict=run.verdict,
        folder=folder,
        digest=run.digest,
        page=folder / PAGE,
        replayed=tuple(run.replayed.lines) if run.replayed else (),
    )
    tell(results(), told)
    for line in done.remarks:
        errors().print(Text(line), soft_wrap=True)
