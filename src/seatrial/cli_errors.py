"""How the command line ends: errors as sentences, exit codes that a CI job can read, never a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

import click
from rich.text import Text

from seatrial.cli_console import errors
from seatrial.extras import missing_extra
from seatrial.sim.errors import BadInput, SeatrialError
from seatrial.stop_signals import terminable

HARNESS: Final = 3
"""Exit code of whatever says nothing about the integration under test."""


class FrontDoor(click.Group):
    """The commands. What goes wrong is told on stderr in one sentence.

    Errors of the project end with their own exit code, a package of an extra that is missing with 2, an interruption
    (Ctrl-C, SIGTERM, a terminal that goes away) and whatever nobody foresaw with 3. With `--debug` the traceback is
    printed as well.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out a command."""
        _forgive_terminals()
        try:
            with terminable():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except SeatrialError as error:
            _trace(ctx)
            complain(str(error))
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            complain("stopped before the command was done")
            ctx.exit(HARNESS)
        except BrokenPipeError:
            # Whoever read our output has gone; Python must not try to write to it again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(HARNESS)
        except BaseException as error:  # noqa: BLE001 (the last line of defence: nobody sees a traceback unasked)
            _trace(ctx)
            known = missing_extra(error) if isinstance(error, ModuleNotFoundError) else None
            complain(str(known or _unforeseen(error)))
            ctx.exit(known.exit_code if known else HARNESS)


def complain(text: str) -> None:
    """Tell an error on stderr, if anybody is there: a terminal that has gone changes no exit code."""
    with suppress(OSError):
        errors().print(Text(f"error: {text}", style="red"), soft_wrap=True)


def parse_settings(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """`--set key=value`, by key; the last one of a key counts."""
    for each in given:
        name, sign, _ = each.partition("=")
        if not sign or not name.strip():
            raise BadInput("not a setting", value=each, where="--set", hint="write key=value, such as duration='2 d'")
    return {name.strip(): value for name, _, value in (each.partition("=") for each in given)}


def _unforeseen(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "seatrial" in Path(frame.filename).parts] or frames
    place = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else "an unknown place"
    notes = "".join(f" · {note}" for note in getattr(error, "__notes__", ()))
    return (
        f"nobody foresaw this: {type(error).__name__}: {error} · at {place} · it says nothing about the integration "
        f"under test · `seatrial --debug ...` shows the whole traceback: report it with scenario and seed{notes}"
    )


def _trace(ctx: click.Context) -> None:
    if ctx.find_root().params.get("debug"):
        traceback.print_exc()


def _forgive_terminals() -> None:
    """A terminal that does not know a sign gets a question mark, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
