"""The time line: lanes of faults above panels of curves, all runs in one scale, on one shared axis of time."""

from __future__ import annotations

from typing import Final, Literal

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seatrial.reports.charts_panel import draw_panel, write_title
from seatrial.reports.charts_scene import Layout, Scene
from seatrial.reports.charts_svg import HAIR, INK, MUTED, SHADE, draw
from seatrial.reports.charts_ticks import time_ticks

_RIGHT: Final = 14.0
_TITLE: Final = 44.0
_LANE: Final = 23.0
_FOOT: Final = 26.0


def timeline(scene: Scene, layout: Layout) -> Markup:
    """The picture of a scene."""
    return draw(f"timeline-{layout.name}", lambda: _figure(scene, layout))


def _figure(scene: Scene, layout: Layout) -> Figure:
    lanes = _LANE * len(scene.lanes) + (_TITLE if scene.lanes else 0)
    height = lanes + len(scene.panels) * (layout.panel + _TITLE) + _FOOT
    figure = Figure(figsize=(layout.width / 72, height / 72), dpi=72, facecolor="none")
    top = height - lanes
    if scene.lanes:
        _lanes(_axes(figure, scene, layout, (top, lanes - _TITLE + 4)), scene, layout)
    for number, panel in enumerate(scene.panels):
        bottom = top - (number + 1) * (layout.panel + _TITLE)
        axes = _axes(figure, scene, layout, (bottom, layout.panel))
        draw_panel(axes, panel, scene, layout)
        is_last = number == len(scene.panels) - 1
        _time_axis(axes, scene, layout, labelled=is_last)
    return figure


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
    for row, lane in enumerate(scene.lanes):
        end = min(lane.end, scene.end)
        axes.barh(row - 0.16, end - lane.begin, left=lane.begin, height=0.6, color=SHADE, alpha=0.26, linewidth=0)
        axes.vlines(lane.strikes, row + 0.18, row + 0.36, color=INK, linewidth=0.8, alpha=0.7)
        at, side = _label_place(lane.begin / scene.end, end / scene.end, layout)
        axes.annotate(
            lane.name, (at * scene.end, row - 0.16), xytext=(4 if side == "left" else -4, 0.5),
            textcoords="offset points", ha=side, va="center_baseline", fontsize=layout.font - 1, color=INK,
        )  # fmt: skip


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
    axes.set_xticks([second for second, _ in ticks], [label if labelled else "" for _, label in ticks])
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
