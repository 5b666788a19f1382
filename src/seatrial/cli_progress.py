"""How far a run is: a bar on the terminal for whatever takes longer than a second."""

from __future__ import annotations

from time import perf_counter
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from seatrial.sim.units import short_duration

_DAY: Final = 86_400.0
_PATIENCE: Final = 1.0
"""Seconds after which people want to know."""
_REDRAW: Final = 0.1
"""Seconds between two drawings."""


def time_of(now: float, total: float) -> str:
    """How much of a run is over: in days where there are some, else as one says it."""
    if total >= 2 * _DAY:
        return f"day {now / _DAY:.1f} of {total / _DAY:.1f}"
    return f"{short_duration(int(now))} of {short_duration(total)}"


class Bar:
    """Shows the time of the run and orders so far. States: waiting, shown, over.

    It is drawn only when it is called: a thread of its own would be one in virtual time. Silent without a terminal.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._begin = self._drawn = perf_counter()
        self._progress: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, now: float, total: float, orders: int) -> None:
        """The run has come to second `now` of `total`."""
        moment = perf_counter()
        if not self._console.is_terminal or moment - self._begin < _PATIENCE or moment - self._drawn < _REDRAW:
            return
        self._drawn = moment
        progress = self._progress or self._start(total)
        progress.update(self._task, completed=now, time=time_of(now, total), orders=f"{orders:,} orders", refresh=True)

    def _start(self, total: float) -> Progress:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[time]}"),
            TextColumn("{task.fields[orders]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(
            *columns,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(self._title, total=total, time="", orders="")
        self._progress.start()
        return self._progress
