"""The harness's book of the load: what every generator has reported, held against what the world has seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from seatrial.mocks.wire.load_report import Heard, LocustRow, Outcome, PartReport, Placing, Report, State
from seatrial.mocks.wire.load_tally import Tally
from seatrial.sim.envelopes import UNREADABLE, refusal_of
from seatrial.sim.errors import Rejected

_REPORT: Final = msgspec.json.Decoder(Report)
_PLACING: Final = msgspec.json.Decoder(Placing)
_SHOWN: Final = 1000
_OVER: Final = ("done", "stopped")


class Account(msgspec.Struct, frozen=True):
    """Every order of the load, accounted for."""

    placed: int
    """Orders that the load placed and the world has."""
    sold_out: int
    """Orders of which nothing was on offer."""
    failed: int
    """Orders that had no good answer in the end and never reached the world."""
    taken: tuple[str, ...] = ()
    """Orders whose answer was lost for good although the world has them."""
    missing: tuple[str, ...] = ()
    """Orders that the load placed and the world does not have."""
    foreign: tuple[str, ...] = ()
    """Orders that the world has and no generator reported."""

    by_hand: int = 0
    """Orders that somebody placed by hand meanwhile."""

    @property
    def complete(self) -> bool:
        """Whether world and load agree on every order."""
        return not self.missing and not self.foreign


class LoadBook:
    """Takes reports. States: empty, ready (every generator waits for second 0), finished (none goes on).

    `start` is told to generators that were not told when second 0 is: set it when they are ready.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.start = start
        self.outcomes: dict[str, Outcome] = {}
        self.failures: list[Placing] = []
        self.states: dict[int, State] = {}
        self.tallies: dict[int, Tally] = {}
        self.statistics: tuple[LocustRow, ...] = ()
        self.parts = 0
        self._due: dict[int, int] = {}

    @property
    def due(self) -> int:
        """Orders whose time has come so far."""
        return sum(self._due.values())

    @property
    def ready(self) -> bool:
        """Whether every generator is ready, or beyond that."""
        return 0 < self.parts == len(self.states)

    @property
    def finished(self) -> bool:
        """Whether every generator has ended its work."""
        return self.ready and all(state in _OVER for state in self.states.values())

    @property
    def complete(self) -> bool:
        """Whether every generator has done all of it."""
        return self.ready and all(state == "done" for state in self.states.values())

    def take(self, body: bytes) -> tuple[int, bytes]:
        """Answer `POST /load`: status and JSON."""
        try:
            report = _REPORT.decode(body)
        except UNREADABLE as error:
            refused = Rejected("invalid_report", str(error), status=400)
            return refused.status, refusal_of(refused)
        self.enter(report)
        return 200, msgspec.json.encode(Heard(self.start))

    def enter(self, report: Report) -> None:
        """Enter a report; what comes twice counts once."""
        if not isinstance(report, PartReport):
            self.statistics = report.rows
            return
        self.parts = max(self.parts, report.parts)
        self.tallies[report.part] = report.tally
        self._due[report.part] = max(self._due.get(report.part, 0), report.due)
        if self.states.get(report.part) not in _OVER:
            self.states[report.part] = report.state
        self._enter_all(report.orders)

    def close(self) -> None:
        """All processes have ended: a generator that never said so was ended, however that came."""
        for part in range(self.parts):
            if self.states.get(part) not in _OVER:
                self.states[part] = "stopped"

    def read(self, ledger: Path) -> None:
        """Enter what the generators wrote to their ledger files, where a report may have been lost."""
        for file in ledgers(ledger):
            self._enter_all(_PLACING.decode(line) for line in file.read_bytes().splitlines() if line.endswith(b"}"))

    def account(self, sold: Iterable[str], by_hand: Collection[str] = ()) -> Account:
        """Hold the load, and who placed orders by hand, against the numbers of all orders that the world has sold."""
        known = dict.fromkeys(sold)
        by = {word: [no for no, outcome in self.outcomes.items() if outcome == word] for word in ("placed", "failed")}
        taken = tuple(number for number in by["failed"] if number in known)
        missing = tuple(number for number in by["placed"] if number not in known)
        return Account(
            placed=len(by["placed"]) - len(missing),
            sold_out=len(self.outcomes) - len(by["placed"]) - len(by["failed"]),
            failed=len(by["failed"]) - len(taken),
            taken=taken,
            missing=missing,
            foreign=tuple(number for number in known if number not in self.outcomes and number not in by_hand),
            by_hand=len(by_hand),
        )

    def _enter_all(self, orders: Iterable[Placing]) -> None:
        for each in orders:
            if each.outcome == "failed" and each.order_no not in self.outcomes and len(self.failures) < _SHOWN:
                self.failures.append(each)
            self.outcomes[each.order_no] = each.outcome


def ledger_of(ledger: Path, part: int, parts: int) -> Path:
    """The file of one generator: `load.jsonl`, or `load-2.jsonl` where there are several."""
    return ledger if parts == 1 else ledger.with_name(f"{ledger.stem}-{part}{ledger.suffix}")


def ledgers(ledger: Path) -> Iterator[Path]:
    """All ledger files that are there."""
    if ledger.exists():
        yield ledger
    yield from sorted(ledger.parent.glob(f"{ledger.stem}-*{ledger.suffix}"))
