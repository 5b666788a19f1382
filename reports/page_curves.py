"""The curves of the time line: what waits, what drifts apart, which calls fail and how long they take."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import polars as pl

from seatrial.reports.callends import failed_call
from seatrial.reports.curves import backlog, erp_gaps, listing_gaps, total_curve
from seatrial.reports.logbook import SECOND, Logbook

POINTS: Final = 1_200
"""Points of a curve at most: more than a screen has pixels to show."""
SLOTS: Final = 340
"""Stretches into which calls are gathered, at most."""
WIDTHS: Final = (1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
"""Lengths of such a stretch in seconds: those that people think in."""


class Curve(NamedTuple):
    """Levels over time, each holding until the next; NaN where there is nothing to show."""

    at: list[float]
    """Seconds of the run."""
    level: list[float]
    """Levels from then on."""

    @property
    def peak(self) -> tuple[float, float] | None:
        """Second and height of the first highest level; None where there is none."""
        shown = [(level, -at) for at, level in zip(self.at, self.level, strict=True) if not math.isnan(level)]
        if not shown:
            return None
        level, at = max(shown)
        return -at, level

    @property
    def last(self) -> float | None:
        """The last level; None without any."""
        return next((level for level in reversed(self.level) if not math.isnan(level)), None)


def waiting(log: Logbook, end: float) -> Curve:
    """Orders placed and not yet dealt with."""
    return _curve(log.derived(backlog), "orders", end)


def erp_drift(log: Logbook, width: int, end: float) -> Curve:
    """Units by which the ERP's book is apart from the shelves, on average in each stretch of `width` seconds."""
    return averaged(total_curve(log.derived(erp_gaps)), width, end)


def listing_drift(log: Logbook, width: int, end: float) -> Curve:
    """Units that channels offer beyond what is there, on average in each stretch of `width` seconds."""
    return averaged(total_curve(log.derived(listing_gaps)), width, end)


def failing(log: Logbook, width: int) -> Curve:
    """Share of the calls that failed, in each stretch of `width` seconds."""
    return _gathered(log, width, failed_call(log).mean())


def slowness(log: Logbook, width: int) -> Curve:
    """Seconds that 95 % of the calls of each stretch of `width` seconds did not exceed."""
    return _gathered(log, width, pl.col("latency").quantile(0.95, "nearest") / SECOND)


def slot_width(seconds: float) -> int:
    """The shortest length of stretches that makes a run of so many seconds no more than `SLOTS` of them."""
    return next(
        (width for width in WIDTHS if seconds <= width * SLOTS), WIDTHS[-1] * math.ceil(seconds / (WIDTHS[-1] * SLOTS))
    )


def thinned(curve: pl.DataFrame, points: int = POINTS) -> pl.DataFrame:
    """A curve of `time` and `level` with at most so many points: of each stretch first, least, most and last."""
    if curve.height <= points:
        return curve
    first, last = int(curve["time"][0]), int(curve["time"][-1])
    width = (last - first) // (points // 4) + 1  # so that no more than `points // 4` stretches begin
    level = pl.col("level")
    kept = pl.concat_list(
        pl.col("row").first(),
        pl.col("row").get(level.arg_min()),
        pl.col("row").get(level.arg_max()),
        pl.col("row").last(),
    )
    rows = curve.with_row_index("row").group_by((pl.col("time") - first) // width).agg(kept.alias("kept"))
    numbers = rows["kept"].explode().explode().unique().sort()
    return curve[numbers]


def _curve(table: pl.DataFrame, column: str, end: float) -> Curve:
    thin = thinned(table.select("time", pl.col(column).alias("level")))
    at = [0.0, *(thin["time"] / SECOND).to_list()]
    level = [0.0, *thin["level"].cast(pl.Float64).to_list()]
    return Curve([*at, max(end, at[-1])], [*level, level[-1]])


def averaged(table: pl.DataFrame, width: int, end: float) -> Curve:
    """Averages over time: a gap that stands for a moment hardly shows, and the area below the curve stays the same."""
    slot = width * SECOND
    last = max(int(end * SECOND), int(table["time"][-1]) if table.height else 0)
    edges = pl.DataFrame({"time": range(0, last + 1, slot)}, schema={"time": pl.Int64})
    levels = pl.concat([edges, table.select("time", "units")], how="diagonal").sort("time", maintain_order=True)
    held = levels.with_columns(
        pl.col("units").forward_fill().fill_null(0),
        (pl.col("time").shift(-1).fill_null(last) - pl.col("time")).alias("lasted"),
    )
    weight = (pl.col("units") * pl.col("lasted")).sum() / pl.col("lasted").sum()
    mean = held.filter(pl.col("lasted") > 0).group_by((pl.col("time") // slot).alias("slot")).agg(weight.alias("level"))
    means = mean.sort("slot")["level"].to_list() or [0.0]
    return Curve([*(float(number * width) for number in range(len(means))), last / SECOND], [*means, means[-1]])


def _gathered(log: Logbook, width: int, value: pl.Expr) -> Curve:
    slot = pl.col("time") // (width * SECOND)
    found = log.calls.group_by(slot.alias("slot")).agg(value.cast(pl.Float64).alias("level"))
    slots = pl.DataFrame({"slot": range(log.end // (width * SECOND) + 1)}, schema={"slot": pl.Int64})
    levels = slots.join(found, on="slot", how="left", maintain_order="left")["level"].fill_null(math.nan).to_list()
    at = [float(number * width) for number in range(len(levels))]
    return Curve([*at, log.end / SECOND], [*levels, levels[-1]])
