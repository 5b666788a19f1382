"""A generator's ledger: every order that it placed, on its way to the harness and into a file."""

from __future__ import annotations

from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from seatrial.mocks.wire.load_report import Heard, PartReport, Placing, State
from seatrial.mocks.wire.load_tally import Counter

_AT_ONCE: Final = 5000
"""Orders in a report at most."""


class Ledger:
    """Keeps orders until they were reported. States: ready, running, done or stopped."""

    def __init__(self, part: int, parts: int, counter: Counter, post: Callable[[bytes], Heard | None]) -> None:
        self.part = part
        self.parts = parts
        self.state: State = "ready"
        self.due = 0
        self.start = 0.0
        self.lost_file = ""
        self.counter = counter
        self._post = post
        self._unreported: list[Placing] = []
        self._file: FileIO | None = None
        self._posting = False

    def write_to(self, path: Path) -> None:
        """Write every order to a file, too; why that is not possible stands in `lost_file`."""
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            self.lost_file = f"{path}: {error.strerror}"

    def enter(self, placing: Placing) -> None:
        """An order has its outcome."""
        self._unreported.append(placing)
        if self._file is not None:
            try:
                self._file.write(msgspec.json.encode(placing) + b"\n")
            except OSError as error:  # the disk is full: the reports go on
                self.lost_file, self._file = f"{self._file.name!r}: {error.strerror}", None

    def report(self) -> bool:
        """Tell the harness what is new; what it did not take is told again next time. Whether all of it was taken."""
        if self._posting:  # two at once would tell the same twice, and forget what neither told
            return False
        self._posting = True
        try:
            return self._report()
        finally:
            self._posting = False

    def close(self) -> None:
        """Nothing more will come."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _report(self) -> bool:
        tally = self.counter.tally()
        while True:
            told = tuple(self._unreported[:_AT_ONCE])
            whole = len(told) == len(self._unreported)
            state = self.state if whole or self.state == "ready" else "running"
            report = PartReport(self.part, self.parts, state, self.due, told, tally)
            heard = self._post(msgspec.json.encode(report))
            if heard is None:
                return False
            self.start = heard.start or self.start
            del self._unreported[: len(told)]
            if not self._unreported or not self._over:
                return not self._unreported

    @property
    def _over(self) -> bool:
        return self.state in ("done", "stopped")
