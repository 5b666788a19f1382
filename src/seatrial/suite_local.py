"""A crew on this machine: processes of our own, each of which can die alone."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import connection, get_context
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from seatrial.reports.page_words import counted
from seatrial.sim.errors import HarnessError
from seatrial.suite_crew import Ended, Further
from seatrial.suite_hand import Hand
from seatrial.suite_job import Job

_STILLBORN: Final = 3
"""Processes in a row that die before they can do anything: more would do no better."""


class LocalCrew:
    """So many processes. One that dies is replaced, and its run is a harness error; so is one whose run takes too long.

    They are spawned, not forked: a run loads libraries with threads of their own, and a fork in the middle of these
    may hang. No executor of the standard library stands between: there one death breaks the whole pool, and nobody
    knows whose it was.
    """

    def __init__(self, jobs: int) -> None:
        self._context = get_context("spawn")
        self._logs = TemporaryDirectory(prefix="seatrial-suite-")
        self._threads = max(1, (cpu_count() or 1) // jobs)
        self._stillborn = 0
        self._started = 0
        self._jobs = jobs
        self._hands: list[Hand] = []

    @property
    def about(self) -> str:
        """Who they are."""
        return counted(self._jobs, "process", "processes")

    def free(self) -> int:
        """Processes that wait for a run; those that are missing are started."""
        while len(self._hands) < self._jobs:
            self._hands.append(self._hand())
        return sum(hand.is_free for hand in self._hands)

    def take(self, number: int, job: Job, folder: Path) -> None:
        """Have a free process make a run."""
        next(hand for hand in self._hands if hand.is_free).begin(number, job, folder)

    def news(self, patience: float) -> Sequence[Further | Ended]:
        """What has happened; the dead are replaced when somebody asks who is free."""
        pipes = [hand.pipe for hand in self._hands]
        connection.wait([*pipes, *(hand.process.sentinel for hand in self._hands)], patience)
        for hand in self._hands:
            hand.hurry()
        # Whether it lives is asked first: what it said before its death has then been said.
        states = [(hand, hand.process.is_alive()) for hand in self._hands]
        told = [each for hand, _ in states for each in hand.heard()]
        return told + [each for hand, lives in states if not lives for each in self._bury(hand)]

    def stop(self) -> None:
        """Kill every process and wait for its end."""
        for hand in self._hands:
            hand.kill()
        while self._hands:
            self._hands.pop().bury()
        self._logs.cleanup()

    def _hand(self) -> Hand:
        self._started += 1
        return Hand(self._context, Path(self._logs.name) / f"{self._started}.log", self._threads)

    def _bury(self, hand: Hand) -> list[Ended]:
        self._hands.remove(hand)
        left, obituary = hand.left, hand.obituary
        hand.bury()
        self._stillborn = 0 if hand.is_ready else self._stillborn + 1
        if self._stillborn >= _STILLBORN:
            hint = "a program that calls seatrial.suite needs the line `if __name__ == '__main__':` before the call"
            raise HarnessError(f"no process can be started: {obituary} · {hint}")
        return [Ended(hand.number, left)] if hand.number is not None else []
