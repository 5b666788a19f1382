"""Lanes: who did what to whom, drawn in letters, a column for each partner of a story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from seatrial.reports.order_trace import INTEGRATION
from seatrial.reports.witness import WitnessRow

_WIDTH: Final = 4
"""Columns of a lane."""
_IDLE, _ACT, _GONE, _NO = "·", "●", "✗", "!"
LEGEND: Final = "● does   ●──► asks, tells   ●──✗ in vain   ●──! refused   ✗──► done, but the reply was lost"


def lanes_of(rows: Sequence[WitnessRow]) -> tuple[str, ...]:
    """Who has a lane: in the order in which they come into the story, the integration after the channel."""
    names = list(dict.fromkeys(row.partner for row in rows if row.kind not in ("phase", "fault")))
    if any(row.kind in ("call", "webhook") for row in rows) or INTEGRATION in names:
        names = [name for name in names if name != INTEGRATION]
        names.insert(1, INTEGRATION)
    return tuple(names)


def head(lanes: Sequence[str]) -> str:
    """The names over the lanes, each by its first three letters."""
    return "".join(f"{name[: _WIDTH - 1]:<{_WIDTH}}" for name in lanes)


def drawn(row: WitnessRow, lanes: Sequence[str], *, done: bool = False) -> str:
    """One row across the lanes. `done`: its partner did what it was asked for, whatever the caller heard."""
    canvas = [_IDLE if place % _WIDTH == 1 else " " for place in range(_WIDTH * len(lanes))]
    if row.kind in ("call", "webhook") and INTEGRATION in lanes and row.partner in lanes:
        _arrow(canvas, row, lanes, done)
    elif row.partner in lanes:
        canvas[_middle(lanes, row.partner)] = _GONE if row.kind == "fault" else _ACT
    return "".join(canvas)


def _arrow(canvas: list[str], row: WitnessRow, lanes: Sequence[str], done: bool) -> None:
    asks = row.kind == "call"
    start, end = (INTEGRATION, row.partner) if asks else (row.partner, INTEGRATION)
    begin, stop = _middle(lanes, start), _middle(lanes, end)
    for place in range(min(begin, stop) + 1, max(begin, stop)):
        canvas[place] = "─"
    arrived = "►" if stop > begin else "◄"
    lost = row.outcome != "ok" and done
    canvas[begin] = _GONE if lost else _ACT
    canvas[stop] = arrived if row.outcome == "ok" or lost else _NO if row.outcome == "rejected" else _GONE


def _middle(lanes: Sequence[str], name: str) -> int:
    return lanes.index(name) * _WIDTH + 1
