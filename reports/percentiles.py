"""Percentiles with their conditions: one is given only where there are enough samples for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from seatrial.reports.logbook import SECOND
from seatrial.reports.measure import Read
from seatrial.reports.reading import Reading

ENOUGH: Final[Mapping[str, tuple[int, int]]] = {"p50": (50, 1), "p95": (95, 20), "p99": (99, 100)}
"""Percent of the samples that lie at or below it, and the samples that it takes, by name of the percentile."""
STATISTICS: Final = (*ENOUGH, "max")
"""What is read from a pile of durations."""


def spread(
    name: str, durations: pl.Series, reading: Read, *, detail: str = "", keys: Iterable[str] = ()
) -> Iterable[Reading]:
    """p50, p95, p99 and max in seconds of durations in microseconds, as `name.p50` ...; nearest rank.

    `keys` name what took longest.
    """
    count, longest = durations.len(), tuple(keys)
    ordered = durations.sort()
    for statistic in STATISTICS:
        percent, enough = ENOUGH.get(statistic, (100, 1))
        if count < enough:
            few = f"{count} of at least {enough} samples for {statistic}"
            yield reading(f"{name}.{statistic}", None, count, detail=few)
        else:
            rank = -(-percent * count // 100)  # the ceiling, in whole numbers so that it is exact
            value = float(ordered[rank - 1]) / SECOND
            yield reading(f"{name}.{statistic}", value, count, detail=detail, keys=longest)
