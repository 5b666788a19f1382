"""The headline readings, run beside run, each with its limit and a bar that compares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from seatrial.reports.page_intervals import crosses, over_seeds
from seatrial.reports.page_meanings import meaning_of
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import amount_text, effort_text
from seatrial.reports.reading import Reading
from seatrial.reports.verdict import JudgedLimit

HEADLINES: Final = (
    ("Orders done", "orders.completed_share"),
    ("Duplicate documents", "duplicates.total"),
    ("Duplicate documents healed", "healed.total"),
    ("Lost documents", "lost.total"),
    ("Units oversold", "oversold.units"),
    ("ERP book adrift, peak", "drift.erp.peak"),
    ("ERP book adrift, at the end", "drift.erp.left"),
    ("Listings beyond stock, peak", "drift.listing.peak"),
    ("Recovery, the longest", "recovery.max"),
    ("Money at risk", "money.at_risk"),
    ("Manual effort", "manual_effort.total"),
    ("Placed to shipped, p95", "latency.placed_to_shipped.p95"),
    ("Placed to acknowledged, p95", "latency.placed_to_acknowledged.p95"),
    ("First promise kept", "promise.kept_share"),
    ("Calls per thing done", "retry.amplification"),
)
"""What the page calls a reading, and its name, in the order shown."""
_NONE: Final = "this run has no such reading"


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one run."""

    text: str
    """The value with its unit."""
    bar: float
    """Length of its bar, from 0 to 100 % of the longest in its row."""
    judgement: str
    """held, broken, open, or empty where no limit stands."""
    limit: str
    """The limit, where one stands."""
    interval: str
    """Between what and what it lies over several seeds; empty: one seed only."""
    crossed: bool
    """Whether that interval crosses a limit."""
    detail: str
    """Why it could not be measured, or what one has to know about it."""


class HeadlineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of all runs."""

    words: str
    """What the page calls it."""
    name: str
    """Its name."""
    meaning: str
    """What it says, in one line."""
    cells: tuple[Cell, ...]
    """One for each run."""


def headlines(runs: Sequence[PageRun]) -> tuple[HeadlineRow, ...]:
    """Rows that any of the runs has a reading for."""
    rows = []
    for words, name in HEADLINES:
        readings = [run.verdict.reading(name) for run in runs]
        if any(readings):
            cells = tuple(_cell(run, reading, words, readings) for run, reading in zip(runs, readings, strict=True))
            rows.append(HeadlineRow(words=words, name=name, meaning=meaning_of(name), cells=cells))
    return tuple(rows)


def _cell(run: PageRun, reading: Reading | None, words: str, row: Sequence[Reading | None]) -> Cell:
    if reading is None:
        return Cell(text="–", bar=0.0, judgement="", limit="", interval="", crossed=False, detail=_NONE)
    limits = [limit for limit in run.verdict.limits if limit.measure == reading.name]
    return Cell(
        text=_text(run, reading, words),
        bar=_bar(reading.value, row),
        judgement=_gravest(limits),
        limit=" and ".join(limit.limit for limit in limits),
        interval=over_seeds(run, reading.name),
        crossed=any(crosses(run.estimates.get(limit.measure), limit.measure, limit.limit) for limit in limits),
        detail=reading.detail,
    )


def _text(run: PageRun, reading: Reading, words: str) -> str:
    """The value; its unit is said only where the words of the row do not say it."""
    if reading.name.startswith("manual_effort."):
        return effort_text(reading.value)
    said = reading.unit in ("documents", "orders", "units") and reading.unit in words.lower()
    return amount_text(reading.value, "" if said else reading.unit, run.facts.currency)


def _bar(value: float | None, row: Sequence[Reading | None]) -> float:
    """Percent of the longest bar; what never came is as long as can be."""
    if value is None or value <= 0:
        return 0.0
    if not math.isfinite(value):
        return 100.0
    known = [reading.value for reading in row if reading and reading.value is not None]
    most = max((each for each in known if math.isfinite(each)), default=0.0)
    room = 70.0 if any(not math.isfinite(each) for each in known) else 100.0
    return round(room * value / most, 1) if most > 0 else 0.0


def _gravest(limits: Sequence[JudgedLimit]) -> str:
    judgements = {limit.judgement for limit in limits}
    return next((each for each in ("broken", "open", "held") if each in judgements), "")
