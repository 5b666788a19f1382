"""`seatrial list`: what there is to run, to break and to measure, read from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.text import Text

from seatrial.cli_console import results, table
from seatrial.sim.catalogue import Catalogue, Description
from seatrial.sim.errors import UnknownName

SCENARIOS: Final = "scenarios"
MEASURES: Final = "measures"
EXTENSIONS: Final = ("integrations", "partners", "faults", MEASURES, "formats")
SHELVES: Final = (SCENARIOS, *EXTENSIONS)
"""What can be listed."""


def complete_name(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names on the chosen shelf."""
    shelf = ctx.params.get("shelf") or ""
    return [CompletionItem(name) for name in _names(shelf) if name.startswith(incomplete)]


@click.command("list", short_help="List what there is to run, to break and to measure.")
@click.argument("shelf", type=click.Choice(SHELVES), required=False, metavar=f"[{'|'.join(SHELVES)}]")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_name)
@click.option("--long", "is_long", is_flag=True, help="With every parameter: type, default and meaning.")
def list_extensions(shelf: str | None, names: tuple[str, ...], is_long: bool) -> None:
    """List scenarios, integrations, partners, faults, measures and formats. With NAME: everything about that one;
    the name of a reading stands for the measure that reads it.

    \b
    seatrial list
    seatrial list faults
    seatrial list faults lost_reply rate_limit
    seatrial list measures lost.sales_order
    """  # noqa: D301
    console = results()
    for number, each in enumerate((shelf,) if shelf else SHELVES):
        if not shelf:
            console.print(Text(("\n" if number else "") + each, style="bold"))
        _print_shelf(console, each, names, is_long=is_long)


def _print_shelf(console: Console, shelf: str, names: Sequence[str], *, is_long: bool) -> None:
    known = _names(shelf)
    names = tuple(dict.fromkeys(_found(shelf, name, known) for name in names))
    if shelf == SCENARIOS:
        _print_scenarios(console, names or known, is_long=is_long or bool(names))
    elif is_long or names:
        for name in names or known:
            _print_long(console, shelf, Catalogue(shelf).describe(name))
    else:
        _print_lines(console, ((name, Catalogue(shelf).describe(name).summary) for name in known))


def _found(shelf: str, name: str, known: Sequence[str]) -> str:
    """The name on the shelf: its own, or of a reading that of its measure. Raises UnknownName for one of neither."""
    if name in known:
        return name
    if shelf == MEASURES and "." in name:
        return _measure_of(name, known)
    raise UnknownName(f"unknown {shelf.removesuffix('s')}", value=name, known=known)


def _measure_of(reading: str, measures: Sequence[str]) -> str:
    kinds = {name: getattr(Catalogue(MEASURES).get(name), "defines", ()) for name in measures}
    found = next((name for name, defines in kinds.items() if any(each.covers(reading) for each in defines)), "")
    if not found:
        known = [each.name for defines in kinds.values() for each in defines]
        raise UnknownName("no measure gives this reading", value=reading, known=known)
    return found


def _names(shelf: str) -> tuple[str, ...]:
    from seatrial.scenarios.loader import library

    if shelf == SCENARIOS:
        return library()
    return Catalogue(shelf).names() if shelf in EXTENSIONS else ()


def _print_lines(console: Console, lines: Iterator[tuple[str, str]]) -> None:
    rows = table()
    rows.show_header = False
    rows.add_column(style="cyan", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, summary in lines:
        rows.add_row(name, summary)
    console.print(rows)


def _print_scenarios(console: Console, names: Sequence[str], *, is_long: bool) -> None:
    from seatrial.scenarios.loader import load_scenario

    if not is_long:
        _print_lines(console, ((name, load_scenario(name).scenario.asks) for name in names))
        return
    for name in names:
        loaded = load_scenario(name)
        console.print(Text(name, style="bold cyan"))
        console.print(Text(f"  {loaded.scenario.asks}\n  {loaded.document.source}\n"))
        console.print(Text("".join(f"    {line}\n" for line in _source(loaded.document.source)), style="dim"))


def _source(path: str) -> list[str]:
    from pathlib import Path

    return Path(path).read_text(encoding="utf-8").splitlines()


def _print_long(console: Console, shelf: str, told: Description) -> None:
    console.print(Text(told.name, style="bold cyan"))
    console.print(Text(f"  {told.summary}"))
    for line in _further(shelf, told.name):
        console.print(Text(f"  {line}"), soft_wrap=True)
    if told.parameters:
        rows = table("  parameter", "takes", "default", "meaning")
        for each in told.parameters:
            default = "must be given" if each.required else each.default or "empty"
            rows.add_row(f"  {each.name}", each.type, default, each.doc)
        console.print(rows)
    console.print()


def _further(shelf: str, name: str) -> Iterator[str]:
    """What one kind of extension says besides: operations of a partner, readings of a measure, aim of a fault."""
    kind = Catalogue(shelf).get(name)
    if shelf == "partners":
        operations = getattr(kind, "operations", {}).values()
        yield "operations: " + ", ".join(sorted(each.name for each in operations))
        yield "tells: " + (", ".join(getattr(kind, "events", {})) or "nothing by webhook")
    elif shelf == "faults":
        wants = getattr(kind, "wants", "")
        yield f"strikes: {getattr(kind, 'direction', '')}" + (f", only what {wants}s" if wants else "")
    elif shelf == "formats":
        yield f"files end with: {getattr(kind, 'suffix', '')}"
    elif shelf == MEASURES:
        for each in getattr(kind, "defines", ()):
            yield f"{each.name}{f' [{each.unit}]' if each.unit else ''}: {each.meaning}"
