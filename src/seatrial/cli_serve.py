"""`seatrial serve`: partners on their ports, for development by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.text import Text

from seatrial.cli_console import errors, results, table
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.units import parse_rate

if TYPE_CHECKING:
    from seatrial.serving import Plan, Served

_RECEIVER: Final = "http://127.0.0.1:{}/webhooks"
_HIGHEST_PORT: Final = 65_535


def complete_world(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of worlds and of the library, and files."""
    from seatrial.scenarios.loader import library, worlds

    names = [CompletionItem(name) for name in (*worlds(), *library()) if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


def _ports(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """`--port name=number`."""
    ports: dict[str, int] = {}
    for each in given:
        name, _, number = each.partition("=")
        if not name or not number.isdecimal() or int(number) > _HIGHEST_PORT:
            hint = f"write NAME=NUMBER with a number up to {_HIGHEST_PORT}, such as erp=9001; 0 is any that is free"
            raise BadInput("not a port", value=each, where="--port", hint=hint)
        ports[name] = int(number)
    return ports


def _url(_ctx: click.Context, _param: click.Parameter, given: str) -> str:
    """`--webhooks URL`."""
    parts = urlsplit(given)
    if given and (parts.scheme not in ("http", "https") or not parts.hostname):
        hint = f"write http://HOST:PORT/PATH, such as {_RECEIVER.format(8080)}"
        raise BadInput("not an address", value=given, where="--webhooks", hint=hint)
    return given


def _rate(_ctx: click.Context, _param: click.Parameter, given: str) -> float:
    """`--orders 20/h`."""
    try:
        return parse_rate(given) if given else 0.0
    except BadInput as error:
        raise error.at("--orders") from error


@click.command(short_help="Have partners stand on their ports, for development by hand.")
@click.argument("world", default="standard", metavar="[WORLD]", shell_complete=complete_world)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of all chance.")
@click.option("--time-scale", type=click.FloatRange(0, min_open=True), help="Seconds of business time in a second.")
@click.option(
    "--port", "ports", multiple=True, metavar="NAME=PORT", callback=_ports,
    help="Fix the port of a partner, or of `control`; may be repeated.",
)  # fmt: skip
@click.option("--base-port", type=click.IntRange(1, _HIGHEST_PORT), help="Consecutive ports: control, then partners.")
@click.option(
    "--listen",
    type=click.IntRange(1, _HIGHEST_PORT),
    metavar="PORT",
    help="Your service's port: webhooks go to /webhooks/<partner> there.",
)
@click.option("--webhooks", default="", metavar="URL", callback=_url, help="Where webhooks go: URL/<partner>.")
@click.option("--rules", metavar="SCENARIO", help="Arm the faults of a scenario, by name or file.")
@click.option("--orders", default="", metavar="RATE", callback=_rate, help="Somebody shops, so often: 20/h.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Keep the evidence in a run folder.")
@click.option(
    "--env-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the addresses as NAME=value lines."
)
@click.option("--print-env", is_flag=True, help="Print the addresses as shell exports instead of a table.")
def serve(  # noqa: PLR0913 (one argument per option)
    world: str,
    seed: int,
    time_scale: float | None,
    ports: dict[str, int],
    base_port: int | None,
    listen: int | None,
    webhooks: str,
    rules: str | None,
    orders: float,
    out: Path | None,
    env_file: Path | None,
    print_env: bool,
) -> None:
    """Have partners stand on loopback ports until Ctrl-C. WORLD is a world (`standard`), or a scenario by name or file
    whose partners are wanted without its demand and faults.

    The live page shows what happens, arms faults, places orders and stops the clock. Nobody is judged.

    \b
    seatrial serve
    seatrial serve --base-port 9000 --listen 8080 --orders 60/h
    seatrial serve carrier-outage --rules carrier-outage --time-scale 60
    """  # noqa: D301
    import asyncio

    from seatrial.scenarios.loader import load_scenario
    from seatrial.serving import Plan, world_of

    if listen is not None and webhooks:
        raise BadInput("--listen and --webhooks together", value=webhooks, hint="give one of them")
    loaded = world_of(world)
    plan = Plan(
        loaded=loaded,
        seed=seed,
        time_scale=time_scale or loaded.scenario.time_scale,
        rules=load_scenario(rules) if rules else None,
        ports=ports,
        base_port=base_port or 0,
        webhooks=webhooks or (_RECEIVER.format(listen) if listen else ""),
        orders=orders,
        out=out,
    )
    own = {"PORT": str(listen), "SEATRIAL_LISTEN_PORT": str(listen)} if listen else {}

    def up(served: Served) -> None:
        environment = {**served.environment(), **own}
        if env_file is not None:
            write_environment(env_file, environment)
        if print_env:
            click.echo("".join(f"export {name}={quote(value)}\n" for name, value in environment.items()), nl=False)
        tell(errors() if print_env else results(), plan, served)

    asyncio.run(_serve(plan, up))
    errors().print(f"stopped{f' · evidence in {out}' if out else ''}", soft_wrap=True)


async def _serve(plan: Plan, up: object) -> None:
    from seatrial.serving import serve as stand

    await stand(plan, up)  # type: ignore[arg-type]


def write_environment(path: Path, environment: Mapping[str, str]) -> None:
    """Write NAME=value lines, for Docker's and Node's --env-file; they hold tokens, so nobody else may read them."""
    text = "".join(f"{name}={value}\n" for name, value in environment.items())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise HarnessError(f"cannot write {path} · {error.strerror} · choose another place: --env-file FILE") from error


def tell(console: Console, plan: Plan, served: Served) -> None:
    """Print who stands where."""
    scale = f" · {plan.time_scale:g} s of business in a second" if plan.time_scale != 1 else ""
    head = Text(plan.loaded.scenario.name, style="bold") + Text(f" · seed {plan.seed}{scale}", style="default not bold")
    console.print(head, soft_wrap=True)
    rows = table("partner", "kind", "address", "token")
    for berth in served.waterfront.berths():
        rows.add_row(berth.name, berth.kind, berth.url, berth.token or "none needed")
    console.print(rows)
    lines = [
        ("live page", served.page),
        ("webhooks", plan.webhooks or "nowhere, until somebody subscribes"),
        ("mailbox", str(served.mailbox)),
    ]
    for name, value in lines:
        console.print(Text(f"{name:<11}", style="dim") + Text(value, style="default not dim"), soft_wrap=True)
    console.print(Text("Ctrl-C ends it", style="dim"))
