"""Strips of drift, one for each SKU, place and run: the darker, the further book and shelf are apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from seatrial.reports.charts_scene import Layout
from seatrial.reports.charts_svg import HAIR, INK, MUTED, RUNS, draw, drawable
from seatrial.reports.charts_ticks import time_ticks
from seatrial.reports.page_curves import Curve
from seatrial.reports.page_words import Calendar, number_text

_SHADES: Final = (0.08, 0.2, 0.36, 0.55, 0.78, 1.0)
"""Opacity of each class of depth."""
_BAR: Final = 11.0
_TITLE: Final = 19.0
_FOOT: Final = 24.0
_HEAD: Final = 22.0
_LONG: Final = 24
"""Letters of a name at most."""
_RIGHT: Final = 14.0


class Peak(NamedTuple):
    """The furthest that book and shelf were apart, be it for a moment."""

    units: float = 0.0
    """How far; 0: they never were."""
    second: float = 0.0
    """When that was first so, in seconds of the run."""


class Strip(NamedTuple):
    """One SKU at one place, in every run."""

    sku: str
    """The SKU as it is printed."""
    place: str
    """The warehouse as it is printed."""
    curves: tuple[Curve, ...]
    """Units apart in each stretch of time, a curve for each run."""
    peaks: tuple[Peak, ...]
    """The most that they were ever apart, in each run."""
    pair: tuple[str, str]
    """Place and SKU as the evidence has them."""


def drift_picture(strips: Sequence[Strip], end: float, calendar: Calendar, layout: Layout) -> Markup:
    """The picture of some strips."""
    return draw(f"drift-{layout.name}", lambda: _figure(strips, end, calendar, layout))


def _figure(strips: Sequence[Strip], end: float, calendar: Calendar, layout: Layout) -> Figure:
    runs = len(strips[0].curves)
    room = _TITLE + runs * (_BAR + 2)
    height = _HEAD + room * len(strips) + _FOOT
    figure = Figure(figsize=(layout.width / 72, height / 72), dpi=72, facecolor="none")
    axes = figure.add_axes((layout.left / layout.width, 0, 1 - (layout.left + _RIGHT) / layout.width, 1))
    axes.set(xlim=(0, max(end, 1e-6)), ylim=(height, 0))
    axes.set_axis_off()
    most = max((level for strip in strips for curve in strip.curves for level in curve.level), default=0.0)
    _scale(axes, most, end, layout)
    _ticks(axes, (_HEAD, height - _FOOT), (end, calendar), layout)
    for number in range(runs):
        bars = [
            (_HEAD + room * row + _TITLE + number * (_BAR + 2), strip.curves[number])
            for row, strip in enumerate(strips)
        ]
        _shade(axes, bars, most, RUNS[number % len(RUNS)])
    for row, strip in enumerate(strips):
        _name(axes, strip, (end, _HEAD + room * row + _TITLE - 5), layout)
    return figure


def _shade(axes: Axes, bars: Sequence[tuple[float, Curve]], most: float, colour: str) -> None:
    """All stretches of one depth are one shape: small, however many there are."""
    for top, curve in bars:
        axes.plot([0, curve.at[-1]], [top + _BAR, top + _BAR], color=HAIR, linewidth=0.8, zorder=1)
    for depth, alpha in enumerate(_SHADES):
        boxes = [box for top, curve in bars for box in _boxes(curve, top, depth, most)]
        if boxes:
            shape = Path.make_compound_path(*boxes)
            axes.add_patch(PathPatch(shape, facecolor=colour, alpha=alpha, linewidth=0, zorder=2))


def _boxes(curve: Curve, top: float, depth: int, most: float) -> Iterator[Path]:
    """Neighbouring stretches of one depth are one box."""
    begin = None
    for at, level in zip(curve.at, [*curve.level[:-1], 0.0], strict=True):
        inside = _depth(level, most) == depth
        if inside and begin is None:
            begin = at
        elif not inside and begin is not None:
            yield _box(begin, at, top)
            begin = None


def _box(begin: float, end: float, top: float) -> Path:
    return Path([(begin, top), (end, top), (end, top + _BAR), (begin, top + _BAR), (begin, top)])


def _depth(level: float, most: float) -> int:
    """Class of a level: by the square root, so that small gaps beside large ones are still seen; -1: none."""
    if level <= 0 or most <= 0:
        return -1
    return min(len(_SHADES) - 1, int(math.sqrt(level / most) * len(_SHADES)))


def _name(axes: Axes, strip: Strip, place: tuple[float, float], layout: Layout) -> None:
    end, y = place
    axes.text(
        0,
        y,
        drawable(f"{strip.sku[:_LONG]} at {strip.place[:_LONG]}"),
        fontsize=layout.font,
        color=INK,
        weight="bold",
        va="baseline",
    )
    said = [
        f"{number_text(peak.units)} → {number_text(curve.last or 0.0)}"
        for peak, curve in zip(strip.peaks, strip.curves, strict=True)
    ]
    axes.text(
        end, y, "peak → end: " + " | ".join(said), fontsize=layout.font - 0.5, color=MUTED, ha="right", va="baseline"
    )


def _scale(axes: Axes, most: float, end: float, layout: Layout) -> None:
    """What the shades mean, from light to dark."""
    size, step = 12.0 / layout.width * end, 15.0 / layout.width * end
    for depth, alpha in enumerate(_SHADES):
        box = _box(depth * step, depth * step + size, 3)
        axes.add_patch(PathPatch(box, facecolor=MUTED, alpha=alpha, linewidth=0))
    bounds = ", ".join(number_text(most * (depth / len(_SHADES)) ** 2) for depth in range(1, len(_SHADES)))
    axes.text(6.4 * step, 13, f"shades part at {bounds} units", fontsize=layout.font - 0.5, color=MUTED, va="baseline")


def _ticks(axes: Axes, span: tuple[float, float], time: tuple[float, Calendar], layout: Layout) -> None:
    end, calendar = time
    for second, label in time_ticks(end, calendar, layout.ticks):
        axes.plot([second, second], span, color=HAIR, linewidth=0.8, zorder=0)
        if second < end * 0.94:
            axes.text(second, span[1] + 16, label, fontsize=layout.font - 0.5, color=MUTED, va="baseline")
