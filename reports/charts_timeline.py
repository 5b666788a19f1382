"""The time line: lanes of faults above panels of curves, all runs in one scale, on one shared axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from seatrial.reports.charts_panel import draw_panel, write_title
from seatrial.reports.charts_scene import Layout, Scene
from seatrial.reports.charts_svg import HAIR, INK, MUTED, RUNS, SHADE, draw, drawable
from seatrial.reports.charts_ticks import time_ticks

_RIGHT: Final = 14.0
_TITLE: Final = 44.0
_LANE: Final = 23.0
_MARK: Final = 16.0
_TICK: Final = 8.0
_LAST: Final = 0.94
"""Share of the axis after which a label would not fit any more."""
_NAME: Final = 48
"""Letters of a name at most."""
_FOOT: Final = 26.0


def timeline(scene: Scene, layout: Layout) -> Markup:
    """The picture of a scene."""
    return draw(f"timeline-{layout.name}", lambda: _figure(scene, layout))


def _figure(scene: Scene, layout: Layout) -> Figure:
    lanes, marks = _LANE * len(scene.lanes), _mark_height(scene) * len(scene.marks)
    above = sum(tall + _TITLE for tall in (lanes, marks) if tall)
    height = above + len(scene.panels) * (layout.panel + _TITLE) + _FOOT
    figure = Figure(figsize=(layout.width / 72, height / 72), dpi=72, facecolor="none")
    bottom = height
    if lanes:
        bottom -= lanes + _TITLE
        _lanes(_axes(figure, scene, layout, (bottom, lanes + 4)), scene, layout)
    if marks:
        bottom -= marks + _TITLE
        _marks(_axes(figure, scene, layout, (bottom, marks + 4)), scene, layout)
    for number, panel in enumerate(scene.panels):
        bottom -= layout.panel + _TITLE
        axes = _axes(figure, scene, layout, (bottom, layout.panel))
        draw_panel(axes, panel, scene, layout)
        is_last = number == len(scene.panels) - 1
        _time_axis(axes, scene, layout, labelled=is_last)
    return figure


def _mark_height(scene: Scene) -> float:
    runs = max((len(each.counts) for each in scene.marks), default=1)
    return _MARK + _TICK * runs + 3


def _axes(figure: Figure, scene: Scene, layout: Layout, place: tuple[float, float]) -> Axes:
    width, height = figure.get_size_inches() * 72
    bottom, tall = place
    axes = figure.add_axes((layout.left / width, bottom / height, 1 - (layout.left + _RIGHT) / width, tall / height))
    axes.set_facecolor("none")
    axes.set_xlim(0, max(scene.end, 1e-6))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=layout.font, labelcolor=MUTED, pad=4)
    return axes


def _lanes(axes: Axes, scene: Scene, layout: Layout) -> None:
    """One bar for each rule, its name where there is room for it, ticks where it struck."""
    write_title(axes, "Faults", "bar: armed · ticks: struck", layout)
    axes.set_ylim(len(scene.lanes) - 0.4, -0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    _calm_line(axes, scene)
    for row, lane in enumerate(scene.lanes):
        end = min(lane.end, scene.end)
        axes.barh(row - 0.16, end - lane.begin, left=lane.begin, height=0.6, color=SHADE, alpha=0.26, linewidth=0)
        _ticks(axes, lane.strikes, (row + 0.18, row + 0.36), INK, 0.8)
        at, side = _label_place(lane.begin / scene.end, end / scene.end, layout)
        axes.annotate(
            drawable(lane.name[:_NAME]), (at * scene.end, row - 0.16), xytext=(4 if side == "left" else -4, 0.5),
            textcoords="offset points", ha=side, va="center_baseline", fontsize=layout.font - 1, color=INK,
        )  # fmt: skip


def _marks(axes: Axes, scene: Scene, layout: Layout) -> None:
    """A line of ticks for each run, below what was noted and how often."""
    write_title(axes, "Noted by the integration", "× how often, run by run", layout)
    tall = _mark_height(scene)
    axes.set_ylim(tall * len(scene.marks), -4)
    axes.set_xticks([])
    axes.set_yticks([])
    _calm_line(axes, scene)
    for row, marks in enumerate(scene.marks):
        top = row * tall
        counts = " | ".join(f"{count:,} ×" for count in marks.counts)
        for text, x, side in ((drawable(marks.name[:_NAME]), 0, "left"), (counts, scene.end, "right")):
            axes.text(x, top + 11, text, ha=side, va="baseline", fontsize=layout.font - 1, color=INK)
        for number, moments in enumerate(marks.moments):
            low = top + _MARK + number * _TICK
            colour = RUNS[number % len(RUNS)]
            axes.plot([0, scene.end], [low + _TICK - 1] * 2, color=HAIR, linewidth=0.8, zorder=0)
            _ticks(axes, moments, (low, low + _TICK - 1), colour, 1.4)


def _ticks(axes: Axes, moments: Sequence[float], span: tuple[float, float], colour: str, width: float) -> None:
    """A tick for each moment; all of them are one shape, which is small and quickly drawn."""
    if moments:
        corners = [(moment, level) for moment in moments for level in span]
        shape = Path(corners, [Path.MOVETO, Path.LINETO] * len(moments))
        axes.add_patch(PathPatch(shape, fill=False, edgecolor=colour, linewidth=width))


def _calm_line(axes: Axes, scene: Scene) -> None:
    if scene.calm is not None:
        axes.axvline(scene.calm, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))


def _label_place(begin: float, end: float, layout: Layout) -> tuple[float, Literal["left", "right"]]:
    """Where a lane's name goes, in shares of the width: after the bar, before it, or inside."""
    room = 190 / layout.width
    if 1 - end >= room:
        return end, "left"
    if begin >= room:
        return begin, "right"
    return begin, "left"


def _time_axis(axes: Axes, scene: Scene, layout: Layout, *, labelled: bool) -> None:
    ticks = time_ticks(scene.end, scene.calendar, layout.ticks)
    axes.set_xticks(
        [second for second, _ in ticks], [label if labelled and at < _LAST * scene.end else "" for at, label in ticks]
    )
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("left")
    axes.grid(axis="x", color=HAIR, linewidth=0.8)
    axes.axhline(axes.get_ylim()[0], color=MUTED, linewidth=1, clip_on=False)
    if labelled and scene.calm is not None:
        side: Literal["left", "right"] = "left" if scene.calm < 0.8 * scene.end else "right"
        axes.annotate(
            "calm: faults off", (scene.calm, 1), xycoords=("data", "axes fraction"),
            xytext=(4 if side == "left" else -4, -2), textcoords="offset points", ha=side, va="top",
            fontsize=layout.font - 1, color=MUTED,
        )  # fmt: skip
