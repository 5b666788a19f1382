"""One panel of the time line: the curves of all runs, the windows of faults behind them, the peaks in numbers."""

from __future__ import annotations

import math
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from seatrial.reports.charts_scene import Layout, Panel, Scale, Scene
from seatrial.reports.charts_svg import HAIR, INK, MUTED, PAPER, RUNS, SHADE
from seatrial.reports.page_curves import Curve
from seatrial.reports.page_words import number_text, share_text
from seatrial.sim.units import short_duration

_DECADES: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86_400.0)
_LONG_WINDOW: Final = 0.6
"""Windows that cover more of the time until the calm are shown in their lane only: all shaded is nothing shown."""
_DASHES: Final = ("-", "-", (0, (5, 2)), (0, (1.5, 1.5)), "-", (0, (5, 2)))


def draw_panel(axes: Axes, panel: Panel, scene: Scene, layout: Layout) -> None:
    """Draw a panel into its axes; the axis of time is drawn by whoever stacks the panels."""
    write_title(axes, panel.title, panel.note, layout)
    for begin, end in _shades(scene):
        axes.axvspan(begin, end, color=SHADE, alpha=0.15, linewidth=0)
    if scene.calm is not None:
        axes.axvline(scene.calm, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    single = len(panel.curves) == 1
    for number, curve in reversed(list(enumerate(panel.curves))):
        _curve(axes, number, curve, filled=single and panel.scale != "seconds")
    _level_axis(axes, panel)
    _peaks(axes, panel, scene, layout)


def _shades(scene: Scene) -> list[tuple[float, float]]:
    """Stretches in which a fault was armed, each once; faults that were armed most of the time stay out."""
    long = _LONG_WINDOW * (scene.calm or scene.end)
    windows = sorted((lane.begin, min(lane.end, scene.end)) for lane in scene.lanes)
    merged: list[tuple[float, float]] = []
    for begin, end in windows:
        if end - begin > long:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def write_title(axes: Axes, title: str, note: str, layout: Layout) -> None:
    """Title at the left edge of the picture; the note ends where the panel ends, so that the two never meet."""
    start, size = -layout.left + 1, layout.font
    axes.annotate(
        title, (0, 1), xytext=(start, 11), xycoords="axes fraction", textcoords="offset points", va="baseline",
        fontsize=size + 1.5, weight="bold", color=INK,
    )  # fmt: skip
    axes.annotate(
        note, (1, 1), xytext=(0, 11), xycoords="axes fraction", textcoords="offset points", va="baseline",
        ha="right", fontsize=size - 0.5, color=MUTED,
    )  # fmt: skip


def _curve(axes: Axes, number: int, curve: Curve, *, filled: bool) -> None:
    colour = RUNS[number % len(RUNS)]
    if filled:
        axes.fill_between(curve.at, curve.level, step="post", color=colour, alpha=0.14, linewidth=0)
    axes.plot(
        curve.at, curve.level, drawstyle="steps-post", color=colour, linewidth=1.5, linestyle=_DASHES[number % 6],
        solid_joinstyle="round", solid_capstyle="butt", clip_on=False,
    )  # fmt: skip


def _level_axis(axes: Axes, panel: Panel) -> None:
    """Few numbers, light lines; seconds on a logarithmic scale, all else from 0."""
    levels = [level for curve in panel.curves for level in curve.level if not math.isnan(level)]
    most, least = max(levels, default=0.0), min((level for level in levels if level > 0), default=0.1)
    if panel.scale == "seconds" and most > 0:
        low = max((decade for decade in _DECADES if decade <= least), default=least)
        high = max(most, low * 10) * 1.6
        axes.set_yscale("log")
        axes.set_ylim(low * 0.9, high)
        inside = [decade for decade in _DECADES if low <= decade <= high]
        axes.set_yticks(inside, [short_duration(second) for second in inside])
        axes.set_yticks([], minor=True)
    else:
        floor = 1.0 if panel.scale == "count" else 0.01
        axes.set_ylim(0, max(most * 1.12, floor))
        ticks = MaxNLocator(3, integer=panel.scale == "count", min_n_ticks=2).tick_values(0, max(most, floor))
        ticks = [float(tick) for tick in ticks if 0 <= tick <= max(most * 1.12, floor)]
        axes.set_yticks(ticks, [_level_text(tick, panel.scale) for tick in ticks])
    axes.grid(axis="y", color=HAIR, linewidth=0.8)
    axes.set_axisbelow(True)


def _peaks(axes: Axes, panel: Panel, scene: Scene, layout: Layout) -> None:
    """A dot and a number at the highest point of each run; numbers that would meet stand below each other."""
    peaks = [(number, peak) for number, curve in enumerate(panel.curves) if (peak := curve.peak) and peak[1] > 0]
    if not peaks:
        nothing = "nothing all the time" if any(curve.peak for curve in panel.curves) else "no calls"
        axes.annotate(
            nothing, (0, 0), xytext=(6, 7), xycoords="axes fraction", textcoords="offset points",
            fontsize=layout.font - 0.5, color=MUTED,
        )  # fmt: skip
    taken: list[tuple[float, float]] = []
    for number, (at, level) in peaks:
        colour = RUNS[number % len(RUNS)]
        x, y = axes.transData.transform((at, level))
        y += 2
        while any(abs(x - other) < 60 and abs(y - height) < 13 for other, height in taken):
            y -= 13
        taken.append((x, y))
        before = at > 0.8 * scene.end
        axes.plot([at], [level], "o", color=colour, markersize=4.5, mec=PAPER, mew=1, clip_on=False, zorder=5)
        axes.annotate(
            _level_text(level, panel.scale), (x - 6 if before else x + 6, y), xycoords="figure pixels",
            ha="right" if before else "left", va="bottom", fontsize=layout.font, weight="bold", color=colour,
        )  # fmt: skip


def _level_text(level: float, scale: Scale) -> str:
    if scale == "share":
        return share_text(level)
    return short_duration(level) if scale == "seconds" else number_text(level)
