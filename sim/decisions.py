"""The decision log: which fault struck which call, written as it happens and read to strike the same calls again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from seatrial.sim.call import Call
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.fate import Fate
from seatrial.sim.fault import Decision

DECISIONS: Final = "decisions.jsonl"
"""File in a run folder that holds the decisions of its faults."""
FORMAT: Final = 1
"""Version of the file's layout."""
_BUFFER: Final = 1 << 16


class Origin(msgspec.Struct, frozen=True, tag="seatrial decisions", tag_field="kind"):
    """First line of a decision log: the run that it is of."""

    scenario: str = ""
    """Name of the scenario."""
    scenario_digest: str = ""
    """SHA-256 of its text."""
    seed: int = 0
    """Seed of all chance."""
    settings: Mapping[str, str] = {}
    """What was set over the scenario's own values."""
    format: int = FORMAT
    """Version of the file's layout."""


class Decided(msgspec.Struct, frozen=True):
    """A strike: a line of a decision log."""

    rule: str
    """Name of the rule."""
    fault: str
    """Kind of the fault."""
    direction: str
    """`request`, `webhook` or `inside`."""
    partner: str
    """Name of the partner."""
    operation: str
    """Operation, event of a webhook, or work inside the partner."""
    key: str
    """Business key; empty where the call has none."""
    attempt: int
    """Attempt number of the sender, from 1."""
    occurrence: int
    """How often a call with this direction, partner, operation, key and attempt had been asked about by then."""
    at: float
    """Second of the run; for readers, not for replays."""
    fate: Fate
    """What happened."""

    @property
    def identity(self) -> str:
        """What the call is known by."""
        return _identity(self.direction, self.partner, self.operation, self.key, self.attempt)


def identity_of(call: Call) -> str:
    """What a call is known by in another run: who asks what of whom about which document, for which time."""
    return _identity(call.direction, call.partner, call.operation, call.key, call.attempt)


def decided(call: Call, decision: Decision, occurrence: int, now: float) -> Decided:
    """The line for a strike."""
    return Decided(
        decision.rule, decision.fault, call.direction, call.partner, call.operation, call.key, call.attempt,
        occurrence, now, decision.fate,
    )  # fmt: skip


class DecisionLog:
    """Writes strikes to a file, line by line; memory stays flat. Raises HarnessError when the disk refuses."""

    def __init__(self, path: Path, origin: Origin) -> None:
        self._path = path
        self._encode = msgspec.json.Encoder(enc_hook=plain_quantity).encode
        try:
            self._file = path.open("wb", buffering=_BUFFER)
        except OSError as error:
            raise self._refused(error) from error
        self._line(origin)

    def write(self, strike: Decided) -> None:
        """Write a strike."""
        self._line(strike)

    def flush(self) -> None:
        """Have what was written so far on disk: readers of a run under way see it."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._refused(error) from error

    def close(self) -> None:
        """Write what is left; a log can be closed twice."""
        try:
            self._file.close()
        except OSError as error:
            raise self._refused(error) from error

    def _line(self, document: Origin | Decided) -> None:
        try:
            self._file.write(self._encode(document) + b"\n")
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> HarnessError:
        return HarnessError(f"cannot write decisions: {self._path} · {error.strerror} · what is there can be read")


class Decisions(msgspec.Struct, frozen=True):
    """A decision log that was read."""

    source: Path
    """The file."""
    origin: Origin
    """The run that it is of."""
    strikes: tuple[Decided, ...]
    """Its strikes, in their order."""
    cut: bool = False
    """Whether its last line broke off, as it does when a run is killed."""

    def only(self, rules: Collection[str]) -> Decisions:
        """The strikes of some rules: for those who carry out only these."""
        return msgspec.structs.replace(self, strikes=tuple(each for each in self.strikes if each.rule in rules))


class Replay:
    """Makes the decisions of a log again, for the calls that happen again; each once."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self._due: dict[tuple[str, int], list[Decided]] = {}
        for strike in decisions.strikes:
            self._due.setdefault((strike.identity, strike.occurrence), []).append(strike)
        self.directions = {strike.rule: strike.direction for strike in decisions.strikes}

    def take(self, identity: str, occurrence: int, rules: Collection[str]) -> Decision | None:
        """The decision of one of these rules about a call, or None."""
        waiting = self._due.get((identity, occurrence))
        if waiting is None:
            return None
        strike = next((each for each in waiting if each.rule in rules), None)
        if strike is None:
            return None
        waiting.remove(strike)
        return Decision(strike.rule, strike.fault, strike.fate)

    @property
    def left(self) -> Mapping[str, int]:
        """Decisions that nobody asked for again, by rule."""
        return Counter(strike.rule for waiting in self._due.values() for strike in waiting)


def read_decisions(path: Path | str) -> Decisions:
    """The decision log of a run folder, or a log itself. Raises BadInput: none there, damaged, foreign, too new."""
    file = Path(path)
    file = file / DECISIONS if file.is_dir() else file
    if not file.is_file():
        hint = "give a run folder that `seatrial run` or `seatrial wire` wrote, or the log in it"
        raise BadInput(f"there is no {DECISIONS}: nothing to replay", value=str(path), hint=hint)
    try:
        lines = _lines(file)
        origin = _origin(file, next(lines, b""))
        strikes, cut = _strikes(file, lines)
    except OSError as error:
        raise BadInput(f"cannot read decisions ({error.strerror})", value=str(file)) from None
    return Decisions(file, origin, strikes, cut)


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        yield from opened


def _origin(file: Path, line: bytes) -> Origin:
    try:
        origin = msgspec.json.decode(line, type=Origin)
    except msgspec.DecodeError:
        hint = "its first line would say which run it is of; give the log as a run wrote it"
        raise BadInput("this is no decision log", value=str(file), hint=hint) from None
    if origin.format > FORMAT:
        raise BadInput(
            "the log was written by a later version of Seatrial", value=str(file), hint="replay it with that"
        )
    return origin


def _strikes(file: Path, lines: Iterator[bytes]) -> tuple[tuple[Decided, ...], bool]:
    decoder = msgspec.json.Decoder(Decided)
    strikes: list[Decided] = []
    for number, line in enumerate(lines, 2):
        try:
            strikes.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            if not line.endswith(b"\n"):
                return tuple(strikes), True
            hint = f"the {len(strikes)} decisions before it are sound; restore the file from the run"
            raise BadInput(f"the decision log is damaged ({error})", where=f"{file}:{number}", hint=hint) from None
    return tuple(strikes), False


def plain_quantity(quantity: object) -> float:
    """A quantity with a unit, as the number that it is."""
    if isinstance(quantity, float):
        return float(quantity)
    raise NotImplementedError(f"a fate holds numbers and words, not {type(quantity).__name__}")


def _identity(direction: str, partner: str, operation: str, key: str, attempt: int) -> str:
    return f"{direction}/{partner}.{operation}/{key}/{attempt}"
