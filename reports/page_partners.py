"""The calls to each partner: how many, how many of them failed, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import polars as pl

from seatrial.reports.logbook import SECOND
from seatrial.reports.page_curves import failed_call
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import amount_text, share_text


class PartnerCalls(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one run to one partner."""

    run: str
    """What the page calls the run."""
    number: int
    """Its place on the page, from 1."""
    calls: str
    """How many."""
    failed: str
    """Share that failed."""
    failed_bar: float
    """The same in percent."""
    p50: str
    """Half of them took no longer."""
    p95: str
    """95 % of them took no longer."""


class PartnerRows(msgspec.Struct, frozen=True, kw_only=True):
    """One partner in all runs."""

    partner: str
    """Name."""
    runs: tuple[PartnerCalls, ...]
    """One for each run that called it."""


def partner_rows(runs: Sequence[PageRun]) -> tuple[PartnerRows, ...]:
    """Every partner that was called in any run, by name."""
    found: dict[str, list[PartnerCalls]] = {}
    for number, run in enumerate(runs, start=1):
        for partner, calls, failed, p50, p95 in _piles(run.log.calls).iter_rows():
            found.setdefault(partner, []).append(
                PartnerCalls(
                    run=run.name,
                    number=number,
                    calls=f"{calls:,}",
                    failed=share_text(failed),
                    failed_bar=round(failed * 100, 2),
                    p50=amount_text(p50 / SECOND, "s"),
                    p95=amount_text(p95 / SECOND, "s"),
                )
            )
    return tuple(PartnerRows(partner=name, runs=tuple(rows)) for name, rows in sorted(found.items()))


def _piles(calls: pl.DataFrame) -> pl.DataFrame:
    return (
        calls.group_by(pl.col("partner").cast(pl.String))
        .agg(
            pl.len().alias("calls"),
            failed_call().mean().alias("failed"),
            pl.col("latency").quantile(0.5, "nearest").alias("p50"),
            pl.col("latency").quantile(0.95, "nearest").alias("p95"),
        )
        .sort("partner")
    )
