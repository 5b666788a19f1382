"""`seatrial export`: the evidence of a run for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import click
from click.shell_completion import CompletionItem
from rich.text import Text

from seatrial.cli_console import errors
from seatrial.cli_read import warn
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, HarnessError

_UNFINISHED: Final = ".unfinished"


def complete_format(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of formats."""
    return [CompletionItem(name) for name in Catalogue("formats").names() if name.startswith(incomplete)]


@click.command(short_help="Write the evidence of a run for other programs.")
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option(
    "--format",
    "name",
    required=True,
    metavar="NAME",
    shell_complete=complete_format,
    help="One of: seatrial list formats.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; without it, to stdout.")
def export(run: Path, name: str, out: Path | None) -> None:
    """Write the evidence of the run in the folder RUN in a format that other programs read.

    The file is there whole or not at all, and written page by page, however long the run was.

    \b
    seatrial list formats
    seatrial export runs/lost --format csv | head
    seatrial export runs/lost --format chrome --out lost.trace.json
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from seatrial.opening import open_run
    from seatrial.reports.format import format_named

    form, saved = format_named(name), open_run(run)
    with _opened(out) as stream:
        form.write(saved.log, saved.facts, stream)
    warn(saved)
    if out is not None:
        told = f"{saved.rows:,} rows, {out.stat().st_size:,} bytes in {out}"
        errors().print(Text(told), soft_wrap=True)


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """The file, under its own name only once it is whole; or stdout."""
    try:
        if out is None:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        unfinished = _begun(out)
        try:
            with unfinished.open("wb") as stream:
                yield stream
            unfinished.replace(out)
        finally:
            unfinished.unlink(missing_ok=True)
    except BrokenPipeError:  # whoever read stdout has gone
        raise
    except OSError as error:
        raise HarnessError(
            f"cannot write {out or 'to stdout'} · {error.strerror} · make room or go elsewhere"
        ) from error


def _begun(out: Path) -> Path:
    """An empty file beside the one that is wanted. Raises BadInput for a place where there can be none."""
    if out.is_dir():
        raise BadInput("this is a folder", value=str(out), where="--out", hint="name the file to write")
    unfinished = out.with_name(out.name + _UNFINISHED)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished.touch()
    except OSError as error:
        hint = "choose a place that you may write to"
        raise BadInput(f"cannot write here ({error.strerror})", value=str(out), where="--out", hint=hint) from None
    return unfinished
