"""The story of one SKU for the engineer on call: its levels in every book, what moved it, when books lay apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import polars as pl

from seatrial.reports.curves import erp_gaps, listing_gaps, stretches
from seatrial.reports.explain_words import Clock, Said, labelled
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.page_words import counted
from seatrial.reports.sku_rows import book_names, moves, sku_rows
from seatrial.reports.sold import oversold
from seatrial.reports.telling import told
from seatrial.sim.units import short_duration

_MOMENTS: Final = 7
"""Moments of the run at which levels are shown."""
_LONGEST: Final = 6
"""Stretches, and moves of stock, that are told one by one unless all are asked for."""
_CELL: Final = 14
"""Columns of a level."""


class SkuStory:
    """One SKU in a run."""

    def __init__(self, log: Logbook, sku: str, facts: Facts) -> None:
        """Raises UnknownName for a SKU that the evidence does not know."""
        self.sku, self.facts, self.clock = sku, facts, Clock(facts)
        self.rows = sku_rows(log, sku)
        self.end = log.end
        self.own = Logbook(pl.concat([self.rows, _shrinkage(log, sku)]).sort("number"))
        self.moves = moves(log, self.rows)

    def lines(self, *, everything: bool = False) -> Iterator[Said]:
        """What it comes to, levels over time, stretches of drift, what moved it; with `everything` every row."""
        yield from self._trade()
        yield from labelled("oversold", self._oversold(), "bad")
        yield from labelled("ERP's book", self._apart(erp_gaps, "the shelf"))
        yield from labelled("on offer", self._apart(listing_gaps, "what is there", more="beyond"))
        yield from labelled("moved by", self._moved(None if everything else _LONGEST))
        yield Said("")
        yield from self._levels()
        if everything:
            yield Said("")
            yield from self._all()

    def _trade(self) -> Iterator[Said]:
        sums = (
            self.rows.filter(pl.col("kind") == "sale")
            .group_by("operation")
            .agg(pl.col("quantity").sum().abs(), pl.col("correlation").n_unique())
        )
        known = {name: (units, orders) for name, units, orders in sums.iter_rows()}
        words = (("placed", "sold"), ("cancelled", "cancelled"), ("shipped", "shipped"), ("returned", "sent back"))
        parts = [
            f"{counted(known[name][0], 'unit')} {word} in {counted(known[name][1], 'order')}"
            for name, word in words
            if name in known
        ]
        yield Said(f"{self.sku}: {', '.join(parts) or 'never sold'}", "head")

    def _oversold(self) -> Iterator[str]:
        for units, time in oversold(self.own).select("units", "time").iter_rows():
            yield f"by {counted(units, 'unit')} at the worst moment, {self.clock.moment(time / SECOND)}"

    def _apart(self, gaps_of: Callable[[Logbook], pl.DataFrame], what: str, more: str = "apart from") -> Iterator[str]:
        gaps = gaps_of(self.own)
        found = stretches(gaps, self.end).sort("lasted", descending=True, maintain_order=True)
        if not found.height:
            yield f"never {more} {what}"
            return
        median = short_duration(float(found["lasted"].median() or 0) / SECOND)  # type: ignore[arg-type]
        yield f"{counted(found.height, 'time')} {more} {what}, for {median} in the median; the longest:"
        for place, _, time, lasted in found.head(_LONGEST).iter_rows():
            during = gaps.filter((pl.col("place") == place) & pl.col("time").is_between(time, time + lasted - 1))
            until = "the end of the run" if time + lasted >= self.end else self.clock.moment((time + lasted) / SECOND)
            much = counted(int(during["gap"].max() or 0), "unit")  # type: ignore[arg-type]
            begin = self.clock.moment(time / SECOND)
            yield f"{place}: up to {much} for {short_duration(lasted / SECOND)}, {begin} – {until}"

    def _moved(self, most: int | None) -> Iterator[str]:
        for row in self.moves.head(most or self.moves.height).iter_rows(named=True):
            why = row["reason"].replace(".", " ").replace("_", " ") or "no reason given"
            about = f" ({row['about']})" if row["about"] not in ("", self.sku) else ""
            hidden = ", unknown to the books" if row["operation"] == "physical" else ""
            moved = f"{self.clock.moment(row['time'] / SECOND)}  {row['place']} {row['step']:+,} to {row['level']:,}"
            yield f"{moved}: {why}{about}{hidden}; {self._told(row['time'], row['place'])}"
        if most is not None and self.moves.height > most:
            yield f"and {self.moves.height - most} more: --all"
        if not self.moves.height:
            sold = pl.col("kind") == "sale"
            shipped = self.rows.filter(sold & (pl.col("operation") == "shipped")).height
            yield "shipments only" if shipped else "nothing"

    def _told(self, since: int, place: str) -> str:
        """Who showed another level after a moment, and how long after."""
        later = book_names(self.rows).filter(pl.col("time") >= since, pl.col("operation").is_in(["book", "listing"]))
        mine = later.filter((pl.col("operation") == "listing") | (pl.col("document_id") == place))
        heard = mine.unique("book", keep="first", maintain_order=True).sort("time")
        who = [
            f"{book} +{short_duration((time - since) / SECOND)}"
            for book, time in heard.select("book", "time").iter_rows()
        ]
        return "then " + ", ".join(who) if who else "nobody showed another level after that"

    def _levels(self) -> Iterator[Said]:
        """A line for each book, a column for each of some moments."""
        moments = [round(self.end * step / (_MOMENTS - 1)) for step in range(_MOMENTS)]
        stock = book_names(self.rows)
        names = stock["book"].unique(maintain_order=True).sort().to_list()
        width = max(map(len, names), default=0)
        days = "".join(f"{self.clock.day(at / SECOND):>{_CELL}}" for at in moments)
        yield Said(f"  {'level at':<{width}}{days}", "head")
        fine = _fineness(moments[1] / SECOND)
        times = "".join(f"{self.clock.time(at / SECOND)[:fine]:>{_CELL}}" for at in moments)
        yield Said(f"  {'':<{width}}{times}", "head")
        for name in names:
            book = stock.filter(pl.col("book") == name)
            yield Said(f"  {name:<{width}}" + "".join(f"{_level(book, at):>{_CELL}}" for at in moments))

    def _all(self) -> Iterator[Said]:
        for row in told(self.rows, self.facts.currency):
            yield Said(f"{self.clock.moment(row.time)}  {row.partner:<13} {row.words}  #{row.number}")


def _fineness(gap: float) -> int:
    """Signs of a time of day that tell moments apart which lie so many seconds apart: minutes, seconds, or parts."""
    return len("06:15") if gap >= 60 else len("06:15:12") if gap >= 1 else len("06:15:12.345")


def _level(book: pl.DataFrame, at: int) -> str:
    known: Sequence[int] = book.filter(pl.col("time") <= at)["quantity"].tail(1).to_list()
    return f"{known[0]:,}" if known else ""


def _shrinkage(log: Logbook, sku: str) -> pl.DataFrame:
    shrunk = (pl.col("kind") == "event") & (pl.col("operation") == "inventory.shrunk") & (pl.col("key") == sku)
    return log.rows.filter(shrunk).collect()
