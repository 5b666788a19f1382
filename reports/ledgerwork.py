"""What calls did: which entries in the books of a partner came about by which call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from seatrial.reports.orderlines import Line


class Worked(NamedTuple):
    """The rows of an order, divided by how they came about."""

    done: Mapping[int, list[Line]]
    """What each call did at its partner, by the row number of the call."""
    strikes: Mapping[int, list[Line]]
    """Faults that struck each call or webhook, by its row number."""
    unasked: list[Line]
    """What everybody did of themselves."""


def worked(lines: Iterable[Line]) -> Worked:
    """Divide the rows of an order.

    A partner commits while the call is under way, so an entry belongs to the call to that partner under the same
    business key within whose time it lies; with it goes what was written at the same instant. An entry that a lost or
    late call made after its caller had given up belongs to nobody's call.
    """
    waiting: dict[str, list[Line]] = defaultdict(list)
    done: dict[int, list[Line]] = {}
    strikes: dict[int, list[Line]] = defaultdict(list)
    latest: dict[tuple[str, str, str], int] = {}
    for line in lines:
        if line.kind == "call":
            done[line.number], waiting[line.partner] = _claimed(line, waiting[line.partner])
        elif line.kind == "fault" and (line.partner, line.operation, line.key) in latest:
            strikes[latest[line.partner, line.operation, line.key]].append(line)
            continue
        elif line.kind != "webhook":
            waiting[line.partner].append(line)
            continue
        latest[line.partner, line.operation, line.key] = line.number
    unasked = sorted(line for kept in waiting.values() for line in kept)
    return Worked(done, strikes, unasked)


def _claimed(call: Line, waiting: list[Line]) -> tuple[list[Line], list[Line]]:
    """Entries that a call made, and those that still wait for theirs."""
    moments = {line.time for line in waiting if line.key == call.key and call.begin <= line.time}
    mine = [line for line in waiting if line.time in moments]
    return mine, [line for line in waiting if line.time not in moments]
