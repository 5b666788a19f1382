"""Laws of the pictures: small, themed, and true to their peaks."""

from __future__ import annotations

import math
import re

import matplotlib as mpl
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seatrial.reports.charts_scene import NARROW, WIDE, Lane, Panel, Scene
from seatrial.reports.charts_ticks import time_ticks
from seatrial.reports.charts_timeline import timeline
from seatrial.reports.page_curves import SLOTS, Curve, erp_drift, slot_width, thinned
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_timeline import time_line
from seatrial.reports.page_words import Calendar

CALENDAR = Calendar("2011-12-01T06:00:00+00:00")


def scene(*curves: Curve) -> Scene:
    panels = [Panel("Orders waiting", "orders", curves), Panel("Latency", "p95", curves, "seconds")]
    return Scene(panels, [Lane("falcon-down", 100.0, 900.0, (120.0,))], 3600.0, 3000.0, CALENDAR)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=400), st.integers(8, 60))
@example([0, 0, 1, -1, 0, 1, 2, 0, 0, 0, 0, 1, 0], 10)
def test_a_thinned_curve_keeps_its_extremes(levels: list[int], points: int) -> None:
    """However few points are left, first, last, highest and lowest are among them, in order of time."""
    curve = pl.DataFrame({"time": range(0, 7 * len(levels), 7), "level": levels}, schema_overrides={"time": pl.Int64})
    thin = thinned(curve, points)
    assert thin.height <= points
    assert thin["time"].is_sorted()
    assert {levels[0], levels[-1], max(levels), min(levels)} <= set(thin["level"])


@given(st.floats(1, 3e8))
def test_calls_are_gathered_into_few_stretches(seconds: float) -> None:
    """A run of any length has at most so many of them, and none is shorter than a second."""
    assert slot_width(seconds) >= 1
    assert seconds / slot_width(seconds) <= SLOTS


@given(st.floats(0.5, 3e8), st.integers(2, 12))
def test_an_axis_of_time_is_never_crowded(end: float, most: int) -> None:
    """At most one label more than there is room for, in order, from the first to before the end."""
    ticks = [second for second, _ in time_ticks(end, CALENDAR, most)]
    assert 1 <= len(ticks) <= most + 1
    assert ticks == sorted(ticks)


def test_a_peak_is_the_first_highest_level() -> None:
    """Stretches without calls are no levels."""
    assert Curve([0.0, 1.0, 2.0, 3.0], [math.nan, 4.0, 4.0, 2.0]).peak == (1.0, 4.0)
    assert Curve([0.0], [math.nan]).peak is None


def test_a_picture_wears_the_colours_of_the_page() -> None:
    """Every colour is one of the style sheet, so that the picture follows light and dark."""
    text = timeline(scene(Curve([0.0, 60.0, 3600.0], [1.0, 7.0, 2.0]), Curve([0.0, 3600.0], [3.0, 3.0])), WIDE)
    assert not re.findall(r"#[0-9a-fA-F]{6}\b", re.sub(r'(href="|url\()#\w+', "", text))
    assert {"var(--run-1)", "var(--run-2)", "var(--ink)"} <= set(re.findall(r"var\(--[\w-]+\)", text))


def test_a_picture_does_not_depend_on_the_settings_of_the_reader() -> None:
    """Whatever matplotlib is set to, the picture is the same, and the settings are left as they were."""
    curve = Curve([0.0, 3600.0], [3.0, 3.0])
    before = timeline(scene(curve), NARROW)
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9}):
        assert timeline(scene(curve), NARROW) == before
        assert mpl.rcParams["font.size"] == 30


def test_a_picture_of_nothing_is_a_picture() -> None:
    """Curves without any level and a run without length can be drawn."""
    empty = Scene([Panel("Failed calls", "share", (Curve([0.0], [math.nan]),), "share")], [], 0.0, None, Calendar(""))
    assert "no calls" in timeline(empty, WIDE)


def test_the_time_line_is_told_to_those_who_do_not_see_it(careful: PageRun, careless: PageRun) -> None:
    """Every window, and peak and end of every curve of every run, stand in its label."""
    told = time_line([careful, careless]).label
    assert all(rule.rule in told for rule in careful.verdict.coverage)
    assert told.count("peak") == 10
    left = careless.verdict.reading("drift.erp.left")
    assert left is not None
    assert re.search(rf"ERP book against shelves, naive: peak [^;]*; at the end {left.value:.0f}\.", told)


def test_an_averaged_curve_keeps_the_area(careless: PageRun) -> None:
    """The area below the curve of the drift is the reading of the drift in unit-hours."""
    curve = erp_drift(careless.log, 1800, careless.seconds)
    area = sum(
        level * (until - at) / 3600 for at, until, level in zip(curve.at, curve.at[1:], curve.level, strict=False)
    )
    held = (careless.seconds - careless.log.end / 1e6) / 3600 * (curve.last or 0.0)
    reading = careless.verdict.reading("drift.erp.unit_hours")
    assert reading is not None
    assert area == pytest.approx((reading.value or 0.0) + held, rel=1e-6)


def test_a_week_of_trade_makes_a_small_picture(careful: PageRun) -> None:
    """Both pictures of one run together stay far below what a page may weigh."""
    line = time_line([careful])
    assert len(line.wide) + len(line.narrow) < 600_000
