"""Limits against readings: what was asked, what was read, and whether it held, run beside run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seatrial.reports.page_intervals import crosses, over_seeds
from seatrial.reports.page_meanings import meaning_of
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import amount_text
from seatrial.reports.verdict import JudgedLimit

_WORDS = {"held": "held", "broken": "broken", "open": "undecided", "": "not asked"}
_GLYPHS = {"held": "✓", "broken": "✗", "open": "?", "": ""}


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One limit in one run."""

    text: str
    """The reading with its unit."""
    judgement: str
    """held, broken or open; empty where this run has no such limit."""
    words: str
    """The judgement in words."""
    glyph: str
    """Its sign."""
    interval: str
    """Between what and what the reading lies over several seeds; empty: one seed only."""
    crossed: bool
    """Whether that interval crosses the limit."""
    why: str
    """Why it could not be decided."""


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One limit in all runs."""

    measure: str
    """Name of the reading."""
    meaning: str
    """What it says, in one line."""
    limit: str
    """The limit as people write it."""
    standing: bool
    """Whether it stands in every scenario."""
    cells: tuple[Judged, ...]
    """One for each run."""

    @property
    def kept(self) -> bool:
        """Whether no run broke it or left it undecided."""
        return all(cell.judgement in ("held", "") for cell in self.cells)


class LimitTable(msgspec.Struct, frozen=True, kw_only=True):
    """All limits: first what the reader has to see."""

    shown: tuple[LimitRow, ...]
    """Those of the scenario, and those that any run did not keep; broken ones first."""
    quiet: tuple[LimitRow, ...]
    """Those that stand in every scenario and that every run kept."""


def limit_table(runs: Sequence[PageRun]) -> LimitTable:
    """Every limit of every run once, as written."""
    asked = {_name(limit): limit for run in runs for limit in run.verdict.limits}
    rows = [_row(limit, runs) for limit in asked.values()]
    ranked = sorted(rows, key=_rank)
    shown = tuple(row for row in ranked if not row.standing or not row.kept)
    return LimitTable(shown=shown, quiet=tuple(row for row in ranked if row.standing and row.kept))


def _name(limit: JudgedLimit) -> tuple[str, str]:
    return limit.measure, limit.limit


def _row(limit: JudgedLimit, runs: Sequence[PageRun]) -> LimitRow:
    judged = [next((each for each in run.verdict.limits if _name(each) == _name(limit)), None) for run in runs]
    return LimitRow(
        measure=limit.measure,
        meaning=meaning_of(limit.measure),
        limit=limit.limit,
        standing=limit.standing,
        cells=tuple(_cell(run, each) for run, each in zip(runs, judged, strict=True)),
    )


def _cell(run: PageRun, limit: JudgedLimit | None) -> Judged:
    judgement = limit.judgement if limit else ""
    return Judged(
        text=amount_text(limit.value, limit.unit, run.facts.currency) if limit else "",
        judgement=judgement,
        words=_WORDS[judgement],
        glyph=_GLYPHS[judgement],
        interval=over_seeds(run, limit.measure) if limit else "",
        crossed=limit is not None and crosses(run.estimates.get(limit.measure), limit.measure, limit.limit),
        why=limit.why if limit else "",
    )


def _rank(row: LimitRow) -> int:
    judgements = {cell.judgement for cell in row.cells}
    return 0 if "broken" in judgements else 1 if "open" in judgements else 2
