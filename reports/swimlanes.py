"""Swim lanes: a witness as steps between those who take part, so that it can be drawn and told in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from seatrial.reports.roles import by_flow
from seatrial.reports.witness import WitnessRow
from seatrial.sim.events import Emitter

INTEGRATION: Final = Emitter.INTEGRATION.value
"""Name of the integration in the evidence."""
NAMELESS: Final = "?"
"""What a partner without a name is called."""
Shape = Literal["ask", "reply", "webhook", "commit", "event", "stock", "note", "flash", "window"]
Ending = Literal["whole", "stopped", "broken"]
"""whole: it arrived · stopped: it never got there · broken: it was sent and never arrived."""
Tone = Literal["plain", "bad"]
_ENDINGS: Final[Mapping[str, str]] = {
    "timed_out": "no reply in time",
    "reset": "connection reset",
    "unreadable": "unreadable",
    "cancelled": "nobody waited",
    "refused": "refused",
    "rejected": "rejected",
}
_LOST: Final = frozenset(("timed_out", "reset", "cancelled"))
_VAIN: Final = frozenset(("dropped", "gave_up"))


class Step(NamedTuple):
    """One thing that happened, on one lane or from one to another."""

    time: float
    """Second of the run."""
    shape: Shape
    """How it is drawn."""
    lane: str
    """On whose lane, or from whose."""
    to: str
    """To whose lane; empty: nowhere."""
    label: str
    """What it was, in a few words."""
    ending: Ending = "whole"
    """Whether it arrived."""
    tone: Tone = "plain"
    """Whether that is as it should be."""
    struck: bool = False
    """Whether a fault touched it."""
    hollow: bool = False
    """Whether nothing was made."""


class Swim(NamedTuple):
    """A witness as swim lanes."""

    lanes: tuple[tuple[str, str], ...]
    """Name and role of all who take part, in the order of the flow."""
    steps: tuple[Step, ...]
    """What happened, in order of time."""


def swim(witness: Sequence[WitnessRow], known: Mapping[str, Emitter]) -> Swim:
    """The steps of a witness; a strike that fell upon one of its calls is drawn on that call."""
    shown = [_named(row) for row in witness if not _is_on_a_call(row, witness)]
    ranked = sorted((_micro(step.time), order, row.number, step) for row in shown for order, step in _steps(row, shown))
    steps = tuple(step for *_, step in ranked)
    names = {name for step in steps if step.shape != "window" for name in (step.lane, step.to)} - {""}
    if any(row.kind in ("call", "webhook") for row in shown) or not names:
        names.add(INTEGRATION)
    lanes = sorted(names, key=lambda name: by_flow({**known, INTEGRATION: Emitter.INTEGRATION}, name))
    return Swim(tuple((name, _role(known, name)) for name in lanes), steps)


def _named(row: WitnessRow) -> WitnessRow:
    return row if row.partner else msgspec.structs.replace(row, partner=NAMELESS)


def _role(known: Mapping[str, Emitter], name: str) -> str:
    role = known[name].value if name in known else ""
    return "" if role in (name, INTEGRATION) else role


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _is_on_a_call(row: WitnessRow, witness: Sequence[WitnessRow]) -> bool:
    """Whether a strike fell upon a call that is part of the witness."""
    return row.kind == "fault" and any(
        call.kind == "call"
        and (call.rule, call.partner, call.key, call.attempt) == (row.rule, row.partner, row.key, row.attempt)
        and call.operation == row.operation
        for call in witness
    )


def _steps(row: WitnessRow, witness: Sequence[WitnessRow]) -> Iterator[tuple[int, Step]]:
    """The steps of a row, each with its place among what happened in the same instant."""
    if row.kind == "call":
        yield from _call(row, witness)
    elif row.kind == "webhook":
        again = f", delivery {row.attempt}" if row.attempt > 1 else ""
        ending: Ending = "broken" if row.outcome in _VAIN else "whole"
        label = f"{_plain(row.operation)}{again}{'' if row.outcome == 'ok' else f': {_plain(row.outcome)}'}"
        tone: Tone = "bad" if row.outcome in (*_VAIN, "failed") else "plain"
        yield 1, Step(row.time, "webhook", row.partner, INTEGRATION, label, ending, tone, bool(row.rule))
    elif row.kind == "commit":
        yield 1, _commit(row, witness)
    elif row.kind == "fault":
        yield 1, Step(row.time, "flash", row.partner, "", f"{row.rule}: {_plain(row.operation)}", struck=True)
    elif row.kind == "note":
        detail = f": {row.document_id}" if row.document_id else f" for {_plain(row.document)}" if row.document else ""
        yield 1, Step(row.time, "note", row.partner, "", f"{_plain(row.operation)}{detail}", tone="bad")
    elif row.kind == "phase":
        yield 1, Step(row.time, "window", "", "", f"{row.rule or row.key}: {row.outcome}")
    else:
        yield 1, _level(row)


def _call(row: WitnessRow, witness: Sequence[WitnessRow]) -> Iterator[tuple[int, Step]]:
    began = row.time - row.latency
    again = f" · attempt {row.attempt}" if row.attempt > 1 else ""
    what = f"{_plain(row.operation)}{again}"
    if row.outcome == "refused":
        yield 0, Step(began, "ask", INTEGRATION, row.partner, f"{what}: refused", "stopped", "bad", bool(row.rule))
        return
    lost = row.outcome in _LOST
    done = lost and any(each.kind == "commit" and _within(each, row) for each in witness)
    ending = "reply lost after the commit" if done else _ENDINGS.get(row.outcome, _plain(row.outcome))
    status = "".join(f" {each}" for each in (row.status, row.code) if each)
    yield 0, Step(began, "ask", INTEGRATION, row.partner, what)
    yield (
        2,
        Step(
            row.time, "reply", row.partner, INTEGRATION, f"{ending}{status}", "broken" if lost else "whole",
            "plain" if row.outcome == "ok" else "bad", bool(row.rule),
        ),
    )  # fmt: skip


def _within(commit: WitnessRow, call: WitnessRow) -> bool:
    """Whether a commit is the work of a call."""
    same = (commit.partner, commit.document, commit.key) == (call.partner, call.document, call.key)
    return same and _micro(call.time - call.latency) <= _micro(commit.time) <= _micro(call.time)


def _commit(row: WitnessRow, witness: Sequence[WitnessRow]) -> Step:
    name = f"{_plain(row.document)} {row.document_id or row.key}"
    if row.outcome == "replayed":
        return Step(row.time, "commit", row.partner, "", "known already: nothing made", hollow=True)
    if row.outcome != "created":
        return Step(row.time, "commit", row.partner, "", f"{_plain(row.outcome)}: {name}", hollow=True)
    twice = any(_is_twin(each, row) for each in witness)
    return Step(
        row.time, "commit", row.partner, "", f"{'once more: ' if twice else ''}{name}", tone="bad" if twice else "plain"
    )


def _is_twin(first: WitnessRow, second: WitnessRow) -> bool:
    """Whether the same document was there before."""
    same = (first.kind, first.outcome, first.document, first.key) == ("commit", "created", second.document, second.key)
    return same and first.number < second.number


def _level(row: WitnessRow) -> Step:
    if row.kind == "stock":
        place = f" of {row.document_id}" if row.document_id else ""
        return Step(row.time, "stock", row.partner, "", f"{_plain(row.operation)}{place}: {row.quantity:,}")
    if row.kind == "sale":
        return Step(row.time, "stock", row.partner, "", f"{abs(row.quantity):,} {_plain(row.operation)}")
    return Step(row.time, "event", row.partner, "", _plain(row.operation))


def _plain(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")
