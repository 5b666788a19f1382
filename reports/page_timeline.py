"""The time line of the page: what it shows, and the same in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import polars as pl
from markupsafe import Markup, escape

from seatrial.reports.charts_scene import NARROW, WIDE, Lane, Panel, Scale, Scene
from seatrial.reports.charts_timeline import timeline
from seatrial.reports.facts import CALM
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.page_curves import Curve, erp_drift, failing, listing_drift, slot_width, slowness, waiting
from seatrial.reports.page_marks import marks
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import Calendar, amount_text
from seatrial.reports.reading import Unit
from seatrial.reports.verdict import RuleCoverage
from seatrial.sim.units import short_duration

LANES: Final = 30
"""Rules that the picture has room for."""
STRIKES: Final = 240
"""Ticks of a lane at most."""
_UNITS: Final[dict[Scale, Unit]] = {"count": "", "share": "share", "seconds": "s"}


class CurveWords(msgspec.Struct, frozen=True, kw_only=True):
    """One curve in words."""

    panel: str
    """What it shows."""
    run: str
    """What the page calls the run."""
    number: int
    """Its place on the page, from 1."""
    peak: str
    """Its highest level."""
    at: str
    """When that was first reached."""
    last: str
    """Its last level."""


class TimeLine(msgspec.Struct, frozen=True, kw_only=True):
    """The time line as the page prints it."""

    wide: Markup
    """Picture for screens and paper."""
    narrow: Markup
    """Picture for phones."""
    words: tuple[CurveWords, ...]
    """Every curve in words."""
    label: Markup
    """All of it in one text, for those who do not see it."""
    marks: tuple[tuple[str, tuple[str, ...]], ...]
    """What was noted, and how often in each run."""
    unsaid: int
    """Rules that the picture has no room for."""


def time_line(runs: Sequence[PageRun]) -> TimeLine:
    """Draw the runs on one axis. Windows are those of the first run that has the rule."""
    scene = _scene(runs)
    words = tuple(each for panel in scene.panels for each in _words(panel, runs, scene.calendar))
    told = [f"{each.panel}, {each.run}: peak {each.peak}, {each.at}; at the end {each.last}." for each in words]
    faults = [f"{lane.name} {scene.calendar.window(lane.begin, lane.end)}" for lane in scene.lanes]
    noted = [
        f"{mark.name} {', '.join(f'{count:,} × {run.name}' for run, count in zip(runs, mark.counts, strict=True))}"
        for mark in scene.marks
    ]
    said = f"Noted by the integration: {'; '.join(noted)}." if noted else "The integration noted nothing."
    armed = f"Faults armed: {', '.join(faults)}." if faults else "No fault was armed."
    return TimeLine(
        wide=timeline(scene, WIDE),
        narrow=timeline(scene, NARROW),
        words=words,
        label=escape(" ".join(["Time line.", armed, said, *told])),
        marks=tuple((mark.name, tuple(f"{count:,}" for count in mark.counts)) for mark in scene.marks),
        unsaid=max(0, len(_ranked(runs)) - LANES),
    )


def _scene(runs: Sequence[PageRun]) -> Scene:
    end = max(run.seconds for run in runs)
    calm = next((phase.begin for run in runs if (phase := run.facts.phase(CALM)) is not None), None)
    return Scene(
        panels=_panels(runs, slot_width(end)),
        lanes=_lanes(runs, end),
        marks=marks(runs, end),
        end=end,
        calm=calm,
        calendar=runs[0].calendar,
    )


def _panels(runs: Sequence[PageRun], width: int) -> tuple[Panel, ...]:
    def averaged(curve: Callable[[Logbook, int, float], Curve]) -> tuple[Curve, ...]:
        return tuple(curve(run.log, width, run.seconds) for run in runs)

    def gathered(curve: Callable[[Logbook, int], Curve]) -> tuple[Curve, ...]:
        return tuple(curve(run.log, width) for run in runs)

    per = f"per {short_duration(width).removeprefix('1 ')}"
    return (
        Panel("Orders waiting", "placed, not yet dealt with", tuple(waiting(run.log, run.seconds) for run in runs)),
        Panel("ERP book against shelves", f"units apart, mean {per}", averaged(erp_drift)),
        Panel("Listings beyond stock", f"units not there, mean {per}", averaged(listing_drift)),
        Panel("Failed calls", f"share of calls, {per}", gathered(failing), "share"),
        Panel("Call latency", f"p95, {per}", gathered(slowness), "seconds"),
    )


def _lanes(runs: Sequence[PageRun], end: float) -> tuple[Lane, ...]:
    return tuple(
        Lane(rule.rule, rule.begin, rule.end, _strikes(runs, rule.rule, end)) for rule in _ranked(runs)[:LANES]
    )


def _ranked(runs: Sequence[PageRun]) -> list[RuleCoverage]:
    rules = {rule.rule: rule for run in reversed(runs) for rule in run.verdict.coverage}
    return sorted(rules.values(), key=lambda rule: (rule.begin, rule.end))


def _strikes(runs: Sequence[PageRun], rule: str, end: float) -> tuple[float, ...]:
    """When a rule struck, in any run, no more than one tick for each stretch of the axis."""
    width = max(1, int(end * SECOND / STRIKES))
    slots = [
        run.log.faults.filter(pl.col("rule").cast(pl.String) == rule).select(pl.col("time") // width) for run in runs
    ]
    return tuple(slot * width / SECOND for slot in pl.concat(slots)["time"].unique().sort())


def _words(panel: Panel, runs: Sequence[PageRun], calendar: Calendar) -> list[CurveWords]:
    unit = _UNITS[panel.scale]
    words = []
    for number, (run, curve) in enumerate(zip(runs, panel.curves, strict=True), start=1):
        peak = curve.peak
        words.append(
            CurveWords(
                panel=panel.title,
                run=run.name,
                number=number,
                peak=amount_text(peak[1] if peak else None, unit),
                at=calendar.minute(peak[0]) if peak and peak[1] else "at no time",
                last=amount_text(curve.last, unit),
            )
        )
    return words
