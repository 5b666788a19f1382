"""What is explained, line by line, each with the part that it plays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from seatrial.reports.facts import Facts

Tone = Literal["", "head", "bad", "good", "quiet"]
"""How a line is said; where nobody watches, all are plain."""
_LABEL = 14
"""Columns for what a line is about."""


class Said(NamedTuple):
    """One line."""

    text: str
    """What it says."""
    tone: Tone = ""
    """How."""


def labelled(label: str, lines: Iterable[str], tone: Tone = "") -> Iterator[Said]:
    """Lines about one thing, the label before the first."""
    for number, line in enumerate(lines):
        yield Said(f"  {label if not number else '':<{_LABEL}}{line}", tone)


class Clock:
    """Moments of a run on the wall clock of its scenario; seconds of the run where nobody said when it began."""

    def __init__(self, facts: Facts) -> None:
        try:
            self._start: datetime | None = datetime.fromisoformat(facts.started)
        except ValueError:
            self._start = None

    def day(self, second: float) -> str:
        """`Mon 02 Mar`; without a start `day 1`."""
        return (
            f"{self._start + timedelta(seconds=second):%a %d %b}" if self._start else f"day {int(second // 86_400) + 1}"
        )

    def time(self, second: float) -> str:
        """`06:15:12.345`."""
        moment = (self._start or datetime(1970, 1, 1)) + timedelta(seconds=second)  # noqa: DTZ001 (any midnight does)
        return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"

    def moment(self, second: float) -> str:
        """`Mon 02 Mar 06:15:12`."""
        return f"{self.day(second)} {self.time(second)[:8]}"
