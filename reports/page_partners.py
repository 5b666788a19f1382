"""Each partner in a panel: calls and how they ended, how long they took, webhooks, and what struck."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import polars as pl

from seatrial.reports.callends import failed_call
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import UNMEASURED, amount_text, clipped, share_text
from seatrial.reports.roles import by_flow, roles

PANELS: Final = 24
"""Partners that have a panel of their own, the busiest."""
NAMED: Final = 5
"""Errors, and rules, that a panel names for a run."""
_ROWS: Final = ("calls", "failed", "p50", "p95", "p99", "longest", "webhooks taken")
Cells = dict[tuple[str, int], tuple[str, ...]]


class PartnerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a panel: something counted or measured, in every run."""

    words: str
    """What it is."""
    cells: tuple[str, ...]
    """One for each run."""


class PartnerPanel(msgspec.Struct, frozen=True, kw_only=True):
    """One partner in all runs."""

    partner: str
    """Name."""
    role: str
    """What it is to the trade; empty where the name says so, or nobody knows."""
    rows: tuple[PartnerRow, ...]
    """Figures."""
    errors: tuple[tuple[str, ...], ...]
    """For each run, how calls failed and how often, the most frequent first."""
    struck: tuple[tuple[str, ...], ...]
    """For each run, the rules that struck here and how often."""

    @property
    def unharmed(self) -> bool:
        """Whether no call failed and nothing struck, in any run."""
        return not any((*self.errors, *self.struck))


class PartnerPanels(msgspec.Struct, frozen=True, kw_only=True):
    """All partners that there is room for."""

    shown: tuple[PartnerPanel, ...]
    """In the order of the flow."""
    unsaid: int
    """Partners that had fewer calls than these and have no panel."""


def partner_panels(runs: Sequence[PageRun]) -> PartnerPanels:
    """A panel for every partner that was called or told something in any run."""
    known = {name: role for run in reversed(runs) for name, role in run.log.derived(roles).items()}
    calls: dict[str, list[tuple[str, ...] | None]] = {}
    busy: dict[str, int] = {}
    for place, run in enumerate(runs):
        for name, count, cells in _figures(run.log):
            calls.setdefault(name, [None] * len(runs))[place] = cells
            busy[name] = busy.get(name, 0) + count
    most = sorted(calls, key=lambda name: (-busy[name], name))[:PANELS]
    errors, struck = [_errors(run.log) for run in runs], [_struck(run.log) for run in runs]
    shown = tuple(
        PartnerPanel(
            partner=clipped(name),
            role=known[name].value if name in known and known[name].value != name else "",
            rows=_rows(calls[name]),
            errors=tuple(each.get(name, ()) for each in errors),
            struck=tuple(each.get(name, ()) for each in struck),
        )
        for name in sorted(most, key=lambda name: by_flow(known, name))
    )
    return PartnerPanels(shown=shown, unsaid=len(calls) - len(shown))


def _rows(runs: Sequence[tuple[str, ...] | None]) -> tuple[PartnerRow, ...]:
    nothing = (UNMEASURED,) * len(_ROWS)
    return tuple(
        PartnerRow(words=words, cells=tuple((cells or nothing)[place] for cells in runs))
        for place, words in enumerate(_ROWS)
    )


def _figures(log: Logbook) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Every partner with the number of its calls and webhooks, and its cells in the order of the rows."""
    told = {name: (count, taken) for name, count, taken in _webhooks(log).iter_rows()}
    piles = {name: rest for name, *rest in _piles(log).iter_rows()}
    for name in sorted(piles.keys() | told.keys()):
        count, taken = told.get(name, (0, 0))
        post = f"{taken:,} of {count:,}" if count else UNMEASURED
        if name in piles:
            calls, failed, *latencies = piles[name]
            times = (amount_text(latency / SECOND, "s") for latency in latencies)
            yield name, calls + count, (f"{calls:,}", share_text(failed), *times, post)
        else:
            yield name, count, ("0", *(UNMEASURED,) * (len(_ROWS) - 2), post)


def _piles(log: Logbook) -> pl.DataFrame:
    latency = pl.col("latency")
    piles = log.calls.group_by("partner").agg(
        pl.len().alias("calls"),
        failed_call(log).mean().alias("failed"),
        *(
            latency.quantile(share, "nearest").alias(name)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        ),
        latency.max().alias("longest"),
    )
    return piles.with_columns(pl.col("partner").cast(pl.String))


def _webhooks(log: Logbook) -> pl.DataFrame:
    """Deliveries of each sender: how many, and how many were taken."""
    taken = ((pl.col("outcome") == "ok") | (pl.col("outcome") == "again")).sum().alias("taken")
    counted = log.webhooks.group_by("partner").agg(pl.len().alias("count"), taken)
    return counted.with_columns(pl.col("partner").cast(pl.String))


def _errors(log: Logbook) -> dict[str, tuple[str, ...]]:
    failed = log.calls.filter(failed_call(log))
    counted = (
        failed.group_by("partner", "outcome", "status").len().with_columns(pl.col("partner", "outcome").cast(pl.String))
    )
    found = [
        (name, f"{outcome.replace('_', ' ')}{f' {status}' if status else ''}", count)
        for name, outcome, status, count in counted.iter_rows()
    ]
    return _named(found)


def _struck(log: Logbook) -> dict[str, tuple[str, ...]]:
    counted = log.faults.group_by("partner", "rule").len()
    return _named(list(counted.with_columns(pl.col("partner", "rule").cast(pl.String)).iter_rows()))


def _named(found: Sequence[tuple[str, str, int]]) -> dict[str, tuple[str, ...]]:
    """For each partner what was found there, the most frequent first, and how much more."""
    piles: dict[str, list[str]] = {}
    for name, what, count in sorted(found, key=lambda each: (-each[2], each[1])):
        piles.setdefault(name, []).append(f"{clipped(what)} {count:,} ×")
    return {
        name: (*pile[:NAMED], *([f"and {len(pile) - NAMED} more"] if len(pile) > NAMED else []))
        for name, pile in piles.items()
    }
