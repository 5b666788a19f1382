"""`seatrial doctor`: whether this machine can run a scenario, and gives one seed one history."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.text import Text

from seatrial.cli_console import results
from seatrial.cli_errors import HARNESS
from seatrial.extras import extras, is_installed
from seatrial.sim.catalogue import FOLDERS, Catalogue
from seatrial.sim.errors import BadInput, SeatrialError

_OLDEST: Final = (3, 11)
_MODULES: Final = {"pyyaml": "yaml"}
_COARSE: Final = 0.001
"""Seconds of a clock's tick above which a run on real time would be wrong."""
PROBE: Final = """\
name: doctor
asks: Does one seed give one history?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 6 h
demand: {kind: synthetic, arrivals: {kind: poisson, rate: 30/h}, skus: 20}
"""
_REPEAT: Final = "from seatrial.cli_doctor import probe; print(probe())"


class Finding(msgspec.Struct, frozen=True):
    """What one look found."""

    what: str
    """What was looked at."""
    seen: str
    """What was seen."""
    advice: str = ""
    """What to do; empty: all is well."""


@click.command(short_help="Check this machine: Python, packages, disk, one seed one history.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), metavar="DIR", help="Where runs will go.")
def doctor(out: Path) -> None:
    """Look at Python, packages, extensions, clock and disk, and play a tiny scenario twice.

    Ends with 0 when all is well, else with 3.

    \b
    seatrial doctor --out /data/runs
    """  # noqa: D301
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python, _packages, _extras, _extensions, _clock, lambda: _disk(out), _history,
    )  # fmt: skip
    console, well = results(), True
    for look in looks:
        for found in look():
            well = well and not found.advice
            word = Text("failed", style="bold red") if found.advice else Text("ok    ", style="green")
            console.print(word, Text(f" {found.what}: {found.seen}"), soft_wrap=True, sep="")
            if found.advice:
                console.print(Text(f"       {found.advice}", style="yellow"), soft_wrap=True)
    click.get_current_context().exit(0 if well else HARNESS)


def probe() -> str:
    """The digest of a tiny run."""
    from seatrial.scenarios.loader import parse_scenario
    from seatrial.voyage import sail

    return sail(parse_scenario(PROBE)).digest


def _python() -> Iterator[Finding]:
    seen = f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})"
    old = sys.version_info < _OLDEST
    yield Finding("Python", seen, "Seatrial needs Python 3.11 or newer" if old else "")


def _packages() -> Iterator[Finding]:
    try:
        wanted = [text for text in requires("seatrial") or [] if "extra ==" not in text]
    except PackageNotFoundError:
        yield Finding("packages", "Seatrial is not installed here", "pip install seatrial, or pip install -e .")
        return
    seen: list[str] = []
    for name in (re.split(r"[^\w.-]", text)[0] for text in wanted):
        try:
            import_module(_MODULES.get(name.lower(), name.lower()))
            seen.append(f"{name} {version(name)}")
        except Exception as error:  # noqa: BLE001 (a package can fail to import in any way)
            yield Finding(
                "package", f"{name}: {type(error).__name__}: {error}", f"pip install --force-reinstall {name}"
            )
    yield Finding("packages", ", ".join(seen))


def _extras() -> Iterator[Finding]:
    """Which are there, and how to get those that are not: nobody needs all of them."""
    here = {extra: all(map(is_installed, packages)) for extra, packages in extras().items()}
    there = [extra for extra, whole in here.items() if whole]
    missing = [extra for extra, whole in here.items() if not whole]
    hint = f" · not installed: {', '.join(missing)} (pip install 'seatrial[NAME]')" if missing else ""
    yield Finding("extras", (", ".join(there) or "none") + hint)


def _extensions() -> Iterator[Finding]:
    seen: list[str] = []
    for kind in FOLDERS:
        try:
            catalogue = Catalogue(kind)
            for name in catalogue.names():
                catalogue.describe(name)
            seen.append(f"{len(catalogue.names())} {kind}")
        except (SeatrialError, ImportError, AttributeError) as error:
            yield Finding(kind, str(error), "update or uninstall the package that it comes from")
    yield Finding("extensions", ", ".join(seen))


def _clock() -> Iterator[Finding]:
    clock, year = time.get_clock_info("perf_counter"), time.gmtime().tm_year
    seen = f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, ticks of {clock.resolution * 1e9:.0f} ns"
    coarse = not clock.monotonic or clock.resolution > _COARSE
    advice = "the clock of this machine jumps or is coarse: virtual runs do not mind" if coarse else ""
    yield Finding("clock", seen, "set the clock of this machine" if year < 2024 else advice)


def _disk(out: Path) -> Iterator[Finding]:
    """Where the folder is not there yet, its nearest parent has to take it; nothing is left behind."""
    from seatrial.sim.runfolder import RunFolder

    place = next(each for each in (out.absolute(), *out.absolute().parents) if each.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".seatrial-doctor-", dir=place) as folder:
            RunFolder.create(Path(folder) / "run")
    except (OSError, BadInput) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        yield Finding("disk", f"no run can be written to {out}: {reason}", "choose another folder: --out DIR")
        return
    yield Finding("disk", f"runs can be written to {out}")


def _history() -> Iterator[Finding]:
    """Here, and in another process that orders its sets and dicts of texts otherwise."""
    advice = "report it with `seatrial doctor`, your platform and the versions above"
    other: dict[str, str] = {**os.environ, "PYTHONHASHSEED": "4242"}
    try:
        here = probe()
        told = subprocess.run(
            [sys.executable, "-c", _REPEAT], env=other, capture_output=True, text=True, timeout=300, check=False
        )
    except (SeatrialError, OSError, subprocess.TimeoutExpired) as error:
        yield Finding("one seed, one history", f"the tiny scenario did not run: {error}", advice)
        return
    there = told.stdout.strip()
    if here == there:
        yield Finding("one seed, one history", f"twice {here}")
    else:
        yield Finding("one seed, one history", f"{here}, then {there or told.stderr[-300:] or 'nothing'}", advice)
