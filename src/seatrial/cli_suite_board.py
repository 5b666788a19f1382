"""How far a suite is: a picture on the terminal, plain lines where nobody watches."""

from __future__ import annotations

import os
import signal
from multiprocessing import active_children
from time import perf_counter
from types import FrameType, TracebackType
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from seatrial.cli_errors import HARNESS
from seatrial.sim.units import short_duration
from seatrial.suite_log import NOT_RUN, Entry, Suite
from seatrial.suite_watch import Unwatched

STYLES: Final = {
    "passed": "green",
    "violated": "red",
    "inconclusive": "yellow",
    "harness error": "magenta",
    NOT_RUN: "dim",
}
"""Colour of each word that a run can end with."""
_REDRAW: Final = 0.1
"""Seconds between two drawings."""
_ROWS: Final = 8
"""Runs under way that are shown."""


class Board(Unwatched):
    """Shows how many runs are over and how, which are under way, and when all will be over.

    Drawn only when something is told: no thread of its own. States: blank, shown, over. After a first Ctrl-C a second
    one ends everything at once.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._begin = self._drawn = perf_counter()
        self._counts: dict[str, int] = {}
        self._under_way: dict[int, tuple[str, float]] = {}
        self._runs = self._over = self._here = 0
        self._signal: Any = None

    def __enter__(self) -> Board:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()
        if self._signal is not None:
            signal.signal(signal.SIGINT, self._signal)

    def begin(self, suite: Suite) -> None:
        """Count what is there already."""
        self._begin = perf_counter()
        self._runs = len(suite.runs)
        for run in suite.runs:
            if run.resumed:
                self._count(run)
        self._over = self._runs - suite.counted(NOT_RUN)
        self._say(f"{self._runs - self._over:,} of {self._runs:,} runs to make · {suite.crew}")
        if self._console.is_terminal and self._over < self._runs:
            self._live = Live(console=self._console, auto_refresh=False, transient=True, redirect_stdout=False)
            self._live.start()

    def started(self, number: int, run: Entry) -> None:
        """One more is under way."""
        self._under_way[number] = (_title(run), 0.0)

    def further(self, number: int, share: float) -> None:
        """It has come further."""
        if number in self._under_way:
            self._under_way[number] = (self._under_way[number][0], share)

    def ended(self, number: int, run: Entry) -> None:
        """One is over; where nobody watches, a line says so, and a harness error is told everywhere."""
        self._under_way.pop(number, None)
        self._over += 1
        self._here += 1
        self._count(run)
        line = f"{self._over:>{len(str(self._runs))}}/{self._runs}  {run.outcome:<13}  {_title(run)}"
        if not self._console.is_terminal:
            self._say(f"{line}  {short_duration(run.seconds)}{_why(run)}")
        elif run.outcome == "harness error":
            self._say(f"{run.outcome}  {_title(run)}{_why(run)}", STYLES[run.outcome])

    def beat(self) -> None:
        """Draw, if it is time."""
        if self._live is not None and perf_counter() - self._drawn >= _REDRAW:
            self._drawn = perf_counter()
            self._live.update(self._picture(), refresh=True)

    def stopping(self) -> None:
        """What is under way is given up; who cannot wait for that presses again."""
        self._close()
        self._signal = signal.signal(signal.SIGINT, _at_once)
        self._say("stopping: what is under way is given up, Ctrl-C again ends at once", "yellow")

    def end(self, suite: Suite) -> None:
        """Take the picture away."""
        self._close()

    def _close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _count(self, run: Entry) -> None:
        self._counts[run.outcome] = self._counts.get(run.outcome, 0) + 1

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def _picture(self) -> Group:
        head = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=max(1, self._runs), completed=self._over, width=30)
        counts = Text("  ").join(Text(f"{count:,} {word}", STYLES[word]) for word, count in self._counts.items())
        head.add_row(bar, f"{self._over:,} of {self._runs:,}", counts, Text(self._time(), "dim"))
        rows = [
            Text(f"  {title}" + (f"  {share:.0%}" if share else ""), style="dim", no_wrap=True, overflow="ellipsis")
            for title, share in list(self._under_way.values())[:_ROWS]
        ]
        more = len(self._under_way) - _ROWS
        return Group(head, *rows, *([Text(f"  and {more} more", style="dim")] if more > 0 else []))

    def _time(self) -> str:
        """Since the begin, and what is left at the pace so far."""
        spent = perf_counter() - self._begin
        left = spent / self._here * (self._runs - self._over) if self._here else 0.0
        return short_duration(round(spent)) + (f", about {short_duration(round(left))} left" if left else "")


def _at_once(_number: int, _frame: FrameType | None) -> None:
    for child in active_children():
        child.kill()
    os._exit(HARNESS)


def _title(run: Entry) -> str:
    return f"{run.scenario} · {run.integration} · seed {run.seed}"


def _why(run: Entry) -> str:
    return f" · {run.why}" if run.outcome == "harness error" else ""
