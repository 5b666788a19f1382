"""The picture of a witness: a lane for each who takes part, arrows between them, what was committed, what struck."""

from __future__ import annotations

import textwrap
from typing import Final, Literal

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seatrial.reports.charts_svg import BAD, DOUBT, HAIR, INK, MUTED, PAPER, draw, drawable
from seatrial.reports.page_words import Calendar
from seatrial.reports.swimlanes import Step, Swim
from seatrial.sim.units import short_duration

WIDTH: Final = 390.0
"""Width of the picture in pixels of the page: as wide as a phone."""
_GUTTER: Final = 56.0
_HEAD: Final = 44.0
_STEP: Final = 31.0
_LINE: Final = 13.0
_PAUSE: Final = 60.0
"""Seconds between two steps from which on the pause is shown."""
_BRIEF: Final = 600.0
"""Seconds of a witness up to which tenths of seconds matter."""
_FONT: Final = 11.5
_LETTER: Final = 0.57
"""Mean width of a letter, in sizes of the font."""
_MARKERS: Final = {"commit": "o", "event": "D", "stock": "s", "note": "s"}
_REACH: Final = {"whole": 1.0, "stopped": 0.6, "broken": 0.45}
"""How far an arrow gets."""
_DASHES: Final = ("-", (0, (5, 2.5)))
_BOLT: Final = ((1.5, -8.0), (-4.0, 1.0), (-0.6, 1.0), (-1.8, 8.0), (4.0, -2.0), (0.4, -2.0))


def swimlane(name: str, told: Swim, calendar: Calendar) -> Markup:
    """The picture of a witness; `name` is unlike that of any other picture of the page."""
    return draw(f"lanes-{name}", lambda: _figure(told, calendar))


def _figure(told: Swim, calendar: Calendar) -> Figure:
    room = (WIDTH - _GUTTER) / max(1, len(told.lanes))
    lanes = {name: _GUTTER + (number + 0.5) * room for number, (name, _) in enumerate(told.lanes)}
    texts = [_lines(step, lanes) for step in told.steps]
    places = _places(told, texts)
    height = (places[-1] + _LINE * len(texts[-1]) if places else _HEAD) + 12
    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72, facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    _head(axes, told, lanes, room, height)
    before, said = None, ""
    for step, y, text in zip(told.steps, places, texts, strict=True):
        now = _clock(step, told, calendar)
        _moment(axes, before, step, "" if now == said else now, y)
        _step(axes, step, lanes, y, text)
        before, said = step, now
    return figure


def _places(told: Swim, texts: list[list[str]]) -> list[float]:
    """Height of each step; a pause and a second line take room of their own."""
    places, y = [], _HEAD + 24
    for number, step in enumerate(told.steps):
        if number:
            pause = step.time - told.steps[number - 1].time >= _PAUSE
            below = 0 if _is_arrow(told.steps[number - 1]) else _LINE * (len(texts[number - 1]) - 1)
            above = _LINE * (len(texts[number]) - 1) if _is_arrow(step) else 0
            y += _STEP + below + above + (18 if pause else 0)
        places.append(y)
    return places


def _is_arrow(step: Step) -> bool:
    return bool(step.to) and step.to != step.lane


def _lines(step: Step, lanes: dict[str, float]) -> list[str]:
    """What a step says, in at most two lines that fit beside it."""
    room = WIDTH - _GUTTER - 8
    if step.lane in lanes and not _is_arrow(step):
        x = lanes[step.lane]
        room = max(WIDTH - x, x - _GUTTER) - 16
    return textwrap.wrap(drawable(step.label), max(8, int(room / (_FONT * _LETTER))), max_lines=2, placeholder="…") or [
        ""
    ]


def _head(axes: Axes, told: Swim, lanes: dict[str, float], room: float, height: float) -> None:
    """Who takes part, and what they are."""
    for name, role in told.lanes:
        x = lanes[name]
        axes.plot([x, x], [_HEAD - 4, height - 4], color=HAIR, linewidth=1.6, zorder=0)
        axes.text(
            x, 14, _clipped(name, room - 4, 12.5), ha="center", va="baseline", fontsize=12, weight="bold", color=INK
        )
        axes.text(x, 29, role, ha="center", va="baseline", fontsize=10.5, color=MUTED)


def _clock(step: Step, told: Swim, calendar: Calendar) -> str:
    """`10:07:43`; in a witness of a few minutes `10:07:43.9`."""
    brief = told.steps[-1].time - told.steps[0].time < _BRIEF
    return calendar.instant(step.time)[: 10 if brief else 8]


def _moment(axes: Axes, before: Step | None, step: Step, now: str, y: float) -> None:
    """When it was: said where the second is another than before, and how long nothing happened."""
    gap = step.time - before.time if before is not None else 0.0
    if gap >= _PAUSE:
        axes.plot([_GUTTER + 16, WIDTH - 4], [y - 27, y - 27], color=MUTED, linewidth=0.8, linestyle=(0, (1, 3)))
        axes.text(2, y - 24, f"+ {short_duration(gap)}", ha="left", va="baseline", fontsize=10, color=MUTED)
    if now:
        axes.text(2, y + 4, now, ha="left", va="baseline", fontsize=10.5, color=MUTED)


def _step(axes: Axes, step: Step, lanes: dict[str, float], y: float, text: list[str]) -> None:
    colour = BAD if step.tone == "bad" else INK
    if step.shape == "window":
        axes.plot([_GUTTER, WIDTH - 4], [y, y], color=DOUBT, linewidth=1, linestyle=(0, (4, 3)))
        _above(axes, (_GUTTER + WIDTH) / 2, y + 9, text, INK)
    elif _is_arrow(step):
        _arrow(axes, step, (lanes[step.lane], lanes[step.to]), y, colour)
        _above(axes, (lanes[step.lane] + lanes[step.to]) / 2, y - (3 if step.ending != "whole" else 0), text, colour)
    elif step.shape == "flash":
        _bolt(axes, lanes[step.lane], y)
        _beside(axes, lanes[step.lane], y, text, INK)
    else:
        face = PAPER if step.hollow else colour
        axes.plot(
            [lanes[step.lane]], [y], _MARKERS.get(step.shape, "o"), color=face, mec=colour, mew=1.4,
            markersize=9 if step.shape == "commit" else 6.5, zorder=4,
        )  # fmt: skip
        _beside(axes, lanes[step.lane], y, text, colour)


def _arrow(axes: Axes, step: Step, ends: tuple[float, float], y: float, colour: str) -> None:
    """Whole to its head, or broken where it was lost: a cross, and dots where it should have gone."""
    begin, end = ends
    share = _REACH[step.ending]
    way = 1 if end > begin else -1
    reach = begin + (end - begin) * share - way * (2 if share == 1 else 0)
    axes.plot([begin, reach], [y, y], color=colour, linewidth=1.5, linestyle=_DASHES[step.shape == "reply"], zorder=2)
    if share < 1:
        axes.plot([reach + way * 8, end], [y, y], color=colour, linewidth=1.2, linestyle=(0, (1, 3)), zorder=2)
        for tilt in (4, -4):
            axes.plot([reach - 4, reach + 4], [y - tilt, y + tilt], color=colour, linewidth=2, zorder=4)
    else:
        axes.fill([reach, reach - way * 8, reach - way * 8], [y, y - 4, y + 4], color=colour, linewidth=0, zorder=3)
    if step.struck:
        _bolt(axes, reach + way * (18 if share < 1 else -22), y)


def _bolt(axes: Axes, x: float, y: float) -> None:
    axes.fill(
        [x + dx for dx, _ in _BOLT],
        [y + dy for _, dy in _BOLT],
        facecolor=DOUBT,
        edgecolor=PAPER,
        linewidth=0.8,
        zorder=6,
    )


def _beside(axes: Axes, x: float, y: float, text: list[str], colour: str) -> None:
    """To the right of a dot, or to its left where there is more room."""
    right = WIDTH - x >= x - _GUTTER
    for number, line in enumerate(text):
        _text(axes, x + (11 if right else -11), y + 4 + _LINE * number, line, colour, "left" if right else "right")


def _above(axes: Axes, x: float, y: float, text: list[str], colour: str) -> None:
    """Above an arrow, moved inwards where the picture ends."""
    for number, line in enumerate(reversed(text)):
        half = len(line) * _FONT * _LETTER / 2
        inside = min(max(x, _GUTTER + half), WIDTH - half - 2)
        _text(axes, inside, y - 5 - _LINE * number, line, colour, "center")


def _text(axes: Axes, x: float, y: float, text: str, colour: str, side: Literal["left", "right", "center"]) -> None:
    behind = {"facecolor": PAPER, "linewidth": 0, "pad": 0.6}
    axes.text(x, y, text, fontsize=_FONT, color=colour, bbox=behind, zorder=5, ha=side, va="baseline")


def _clipped(text: str, room: float, size: float) -> str:
    most = max(3, int(room / (size * _LETTER)))
    text = drawable(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
