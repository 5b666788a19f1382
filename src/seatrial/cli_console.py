"""Where the command line writes: results on stdout, everything else on stderr; plain where nobody watches."""

from __future__ import annotations

import os
from typing import Final

from rich.console import Console
from rich.table import Table

_WIDE: Final = 160
"""Columns where the output is no terminal: logs are read, not watched."""


def results() -> Console:
    """What was asked for."""
    return _console(stderr=False)


def errors() -> Console:
    """Errors, remarks and progress."""
    return _console(stderr=True)


def table(*titles: str) -> Table:
    """A table without lines: it reads the same in a terminal, a log and a mail."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for place, title in enumerate(titles):
        made.add_column(title, overflow="fold", no_wrap=place == 0)  # what stands first is a name, to be copied
    return made


class _Patient(Console):
    """A console that goes on without its reader: what a command does and how it ends is no matter of `| head`."""

    def on_broken_pipe(self) -> None:
        """Nobody reads any more: say the rest to nobody."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


def _console(*, stderr: bool) -> Console:
    console = _Patient(stderr=stderr, highlight=False, emoji=False, markup=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDE
    return console
