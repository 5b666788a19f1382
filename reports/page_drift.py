"""Inventory drift by SKU and place: where the ERP's book lay apart from the shelves, and when; the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import polars as pl
from markupsafe import Markup, escape

from seatrial.reports.charts_drift import Peak, Strip, drift_picture
from seatrial.reports.charts_scene import NARROW, WIDE
from seatrial.reports.curves import erp_gaps
from seatrial.reports.logbook import HOUR, SECOND, Logbook
from seatrial.reports.page_curves import WIDTHS, Curve, averaged
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import Calendar, amount_text, clipped, number_text

WORST: Final = 10
"""Pairs of SKU and place that are shown."""
SLOTS: Final = 120
"""Stretches of a strip at most."""
_PAIR: Final = ("place", "sku")
Pair = tuple[str, str]


class DriftWords(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU at one place in one run, in numbers."""

    sku: str
    """The SKU."""
    place: str
    """The warehouse."""
    run: str
    """What the page calls the run."""
    number: int
    """Its place on the page, from 1."""
    area: str
    """Unit-hours apart."""
    peak: str
    """The most that they were apart, be it for a moment."""
    at: str
    """When that was first reached."""
    last: str
    """What was left at the end."""


class DriftView(msgspec.Struct, frozen=True, kw_only=True):
    """The worst of all drift as the page prints it."""

    wide: Markup
    """Picture for screens and paper."""
    narrow: Markup
    """Picture for phones."""
    words: tuple[DriftWords, ...]
    """The same in numbers."""
    label: Markup
    """All of it in one text."""
    unsaid: int
    """Pairs that were apart at some time and are not among them."""


def drift_view(runs: Sequence[PageRun]) -> DriftView | None:
    """The pairs that were apart the most, of all runs together; None where book and shelves never were."""
    areas = [run.log.derived(drift_areas) for run in runs]
    ranked = (
        pl.concat(areas).group_by(_PAIR).agg(pl.col("area").sum()).sort("area", *_PAIR, descending=[True, False, False])
    )
    if not ranked.height:
        return None
    end, calendar = max(run.seconds for run in runs), runs[0].calendar
    width = next((each for each in WIDTHS if end <= each * SLOTS), int(end / SLOTS) + 1)
    pairs = list(ranked.head(WORST).select(_PAIR).iter_rows())
    gaps = [_gaps(run, pairs) for run in runs]
    curves = [_curves(each, pairs, width, end) for each in gaps]
    peaks = [_peaks(each) for each in gaps]
    strips = tuple(
        Strip(
            clipped(pair[1]), clipped(pair[0]),
            tuple(each[pair] for each in curves), tuple(each.get(pair, Peak()) for each in peaks), pair,
        )
        for pair in pairs
    )  # fmt: skip
    words = tuple(each for strip in strips for each in _words(strip, runs, areas, calendar))
    told = [
        f"{each.sku} at {each.place}, {each.run}: peak {each.peak}, {each.at}; {each.last} at the end."
        for each in words
    ]
    return DriftView(
        wide=drift_picture(strips, end, calendar, WIDE),
        narrow=drift_picture(strips, end, calendar, NARROW),
        words=words,
        label=escape(" ".join(["Inventory drift, the worst SKUs.", *told])),
        unsaid=max(0, ranked.height - WORST),
    )


def drift_areas(log: Logbook) -> pl.DataFrame:
    """Unit-hours by which book and shelf were apart, per `place` and `sku`, to the end of the evidence: `area`."""
    gaps = log.derived(erp_gaps)
    is_last = (pl.col("sku") != pl.col("sku").shift(-1)) | (pl.col("place") != pl.col("place").shift(-1))
    until = pl.when(is_last.fill_null(True)).then(log.end).otherwise(pl.col("time").shift(-1))
    area = (pl.col("gap") * (until - pl.col("time"))).alias("area")
    summed = gaps.select(*_PAIR, area).filter(pl.col("area") > 0).group_by(_PAIR).agg(pl.col("area").sum() / HOUR)
    return summed.with_columns(pl.col(_PAIR).cast(pl.String))


def _gaps(run: PageRun, pairs: Sequence[Pair]) -> pl.DataFrame:
    """How far the books of these pairs were apart, at each change."""
    all_gaps = run.log.derived(erp_gaps)
    kinds = {name: all_gaps.schema[name] for name in _PAIR}
    named = pl.DataFrame(pairs, schema=dict.fromkeys(_PAIR, pl.String), orient="row")
    wanted = named.cast(kinds, strict=False)  # type: ignore[arg-type]  # a SKU of another run is nobody here
    return all_gaps.join(wanted, on=_PAIR, how="semi", maintain_order="left")


def _peaks(gaps: pl.DataFrame) -> dict[Pair, Peak]:
    top = gaps.sort("gap", descending=True, maintain_order=True).unique(_PAIR, keep="first")
    rows = top.select(pl.col(_PAIR).cast(pl.String), "gap", "time").iter_rows()
    return {(place, sku): Peak(float(gap), time / SECOND) for place, sku, gap, time in rows}


def _curves(gaps: pl.DataFrame, pairs: Sequence[Pair], width: int, end: float) -> dict[Pair, Curve]:
    """Mean gap of each pair in each stretch of time."""
    tables = gaps.rename({"gap": "units"}).partition_by(_PAIR, as_dict=True)
    nothing = gaps.clear().rename({"gap": "units"})
    return {pair: averaged(tables.get(pair, nothing), width, end) for pair in pairs}


def _words(
    strip: Strip, runs: Sequence[PageRun], areas: Sequence[pl.DataFrame], calendar: Calendar
) -> list[DriftWords]:
    place, sku = strip.pair
    words = []
    for number, (run, table) in enumerate(zip(runs, areas, strict=True)):
        mine = table.filter((pl.col("sku") == sku) & (pl.col("place") == place))["area"]
        peak = strip.peaks[number]
        words.append(
            DriftWords(
                sku=strip.sku,
                place=strip.place,
                run=run.name,
                number=number + 1,
                area=number_text(float(mine.sum())),
                peak=amount_text(peak.units, "units"),
                at=calendar.minute(peak.second) if peak.units else "at no time",
                last=amount_text(strip.curves[number].last, "units"),
            )
        )
    return words
