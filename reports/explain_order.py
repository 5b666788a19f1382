"""The story of one order for the engineer on call: how far it came, what struck it, what is owed, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from seatrial.reports.documents import FLOW, live_documents
from seatrial.reports.explain_words import Clock, Said, Tone, labelled
from seatrial.reports.facts import Facts
from seatrial.reports.journeys import ORDER_STAGES, order_journeys
from seatrial.reports.kept_back import fetches_of, made_for
from seatrial.reports.lanes import LEGEND, drawn, head, lanes_of
from seatrial.reports.ledgerwork import worked
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.obligations import owed
from seatrial.reports.orderlines import Line
from seatrial.reports.page_words import counted, listed
from seatrial.reports.story import rows_of, who
from seatrial.reports.telling import told
from seatrial.reports.windows import Window, fault_windows
from seatrial.reports.witness import WitnessRow
from seatrial.sim.rows import SCHEMA
from seatrial.sim.units import short_duration

_GAP: Final = 12
"""Columns for the time since the line before."""
_WHO: Final = 13
"""Columns for who tells."""
_FETCHES: Final = 4
"""Fetches in vain that are told at most: the first ones and the last."""


class OrderStory:
    """One order: its rows, what came of its calls, and the fault windows that it met."""

    def __init__(self, log: Logbook, order: str, facts: Facts) -> None:
        """Raises UnknownName for an order that the evidence does not know."""
        self.order, self.facts, self.clock = order, facts, Clock(facts)
        self.frame = pl.concat([rows_of(log, order), made_for(log, facts.feeds, order)]).unique("number").sort("number")
        self.own = Logbook(self.frame)
        self.fetches = fetches_of(log, facts.feeds, order)
        shown, self.unsaid = _few(self.fetches)
        everything = pl.concat([self.frame, shown]).sort("number")
        self.rows = told(everything, facts.currency)
        self.until = facts.owing_until(log.end)
        begin, end = int(everything["time"].min() or 0), int(everything["time"].max() or 0)  # type: ignore[arg-type]
        windows = fault_windows(log, facts)
        self.windows = tuple(each for each in windows if each.begin <= end and each.end >= begin)
        work = worked(map(Line._make, self.frame.select(list(SCHEMA)).iter_rows()))
        self.done: Mapping[int, Sequence[Line]] = {number: lines for number, lines in work.done.items() if lines}

    def lines(self) -> Iterator[Said]:
        """What it comes to, then the story."""
        yield from self._sum()
        yield Said("")
        yield from story_lines(self.rows, self)

    def _sum(self) -> Iterator[Said]:
        bought = next((row for row in self.rows if row.operation == "order.placed"), None)
        what = f": {bought.words.partition('(')[2].partition(', ')[2].replace(')', '')}" if bought else ""
        where = f", placed at {bought.partner} {self.clock.moment(bought.time)}" if bought else ""
        yield Said(f"{self.order}{what}{where}", "head")
        yield from labelled("went", [self._journey()])
        yield from labelled("calls", [self._calls()])
        yield from labelled("faults", self._struck())
        yield from labelled("too much", self._surplus(), "bad")
        due, later = self._owed()
        yield from labelled("still owed", due, "bad")
        yield from labelled("not due yet", later)
        if not due and not later:
            yield from labelled("still owed", ["nothing"], "good")

    def _journey(self) -> str:
        stages = self.own.derived(order_journeys)
        if not stages.height:
            return "no channel placed it"
        times = [(stages[name][0], name) for name in ORDER_STAGES if stages[name][0] is not None]
        times.sort(key=lambda stage: stage[0])
        steps = [
            f"{name} +{short_duration((at - times[place][0]) / SECOND)}" for place, (at, name) in enumerate(times[1:])
        ]
        return " → ".join([times[0][1], *steps])

    def _calls(self) -> str:
        calls = [row for row in self.rows if row.kind == "call" and (row.correlation or row.key)]
        again = sum(row.attempt > 1 for row in calls)
        lost = sum(row.outcome != "ok" and row.number in self.done for row in calls)
        failed = sum(row.outcome != "ok" for row in calls) - lost
        parts = [counted(len(calls), "call")]
        parts += [counted(again, "repeat")] if again else []
        parts += [f"{failed} in vain"] if failed else []
        parts += [f"{lost} done, but the reply was lost"] if lost else []
        return ", ".join(parts)

    def _struck(self) -> Iterator[str]:
        """What struck it first; what was armed and did not, in one line."""
        spared = []
        for window in self.windows:
            strike = (pl.col("kind") == "fault") & (pl.col("rule") == window.rule)
            own, kept = self.frame.filter(strike).height, self.fetches.filter(strike).height
            hits = [f"struck it {_times(own)}"] if own else []
            hits += [f"kept back the news of it {_times(kept)}"] if kept else []
            if hits:
                yield f"{window.rule} was armed then and {listed(hits)}"
            else:
                spared.append(window.rule)
        if spared:
            yield f"{listed(spared)} {'was' if len(spared) == 1 else 'were'} armed then and spared it"
        if not self.windows:
            yield "no fault was armed at the time"

    def _surplus(self) -> Iterator[str]:
        alive = self.own.derived(live_documents).filter(pl.col("document").is_in(FLOW))
        several = (
            alive.group_by("document", "key", maintain_order=True)
            .agg("document_id")
            .filter(pl.col("document_id").list.len() > 1)
        )
        for document, key, numbers in several.iter_rows():
            yield f"{len(numbers)} × {document.replace('_', ' ')} under {key}: {listed(list(numbers))}"

    def _owed(self) -> tuple[list[str], list[str]]:
        """What had to be there at the end of the run, and what may still have come."""
        why = {row.number: row for row in self.rows}
        unmet = owed(self.own, 1 << 62).filter(~pl.col("met"))
        due: list[str] = []
        later: list[str] = []
        for document, key, number, time in unmet.select("document", "key", "number", "time").iter_rows():
            reason = f", since {self.clock.moment(time / SECOND)}: {why[number].words}"
            text = f"{document.replace('_', ' ')} {key}{reason}"
            (due if time <= self.until else later).append(text)
        return due, later


def story_lines(rows: Sequence[WitnessRow], story: OrderStory) -> Iterator[Said]:
    """Every row: when, how long after the one before, across which lanes, who, what; and the fault windows between."""
    lanes, clock = lanes_of(rows), story.clock
    yield Said(LEGEND, "quiet")
    day, before = "", rows[0].time if rows else 0.0
    edges = _edges(story.windows, story.rows)
    for row in rows:
        while edges and edges[0][0] <= row.time:
            yield Said(f"{'':<{_GAP + 14}}┄┄ {edges.pop(0)[1]}", "quiet")
        if clock.day(row.time) != day:
            day = clock.day(row.time)
            yield Said(f"{day:<{_GAP + 14}}{head(lanes)}", "head")
        gap = row.time - before
        waited = f"+{short_duration(gap)}" if gap >= 0.001 else ""
        before = row.time
        lost = row.outcome != "ok" and row.number in story.done
        place = f"{clock.time(row.time)} {waited:>{_GAP}} {drawn(row, lanes, done=lost)}"
        yield Said(f"{place} {who(row):<{_WHO}} {row.words}{_aside(row, story)}  #{row.number}", _tone(row, lost))
        if row.number in story.unsaid:
            more = counted(story.unsaid[row.number], "more fetch", "more fetches")
            yield Said(f"{'':<{_GAP + 14}}┄┄ {more} in vain", "quiet")


def _aside(row: WitnessRow, story: OrderStory) -> str:
    """That a call was repeated, or had been carried out although its caller heard nothing."""
    if row.kind != "call":
        return ""
    made = [f"#{line.number}" for line in story.done.get(row.number, ()) if line.kind == "commit"]
    lost = (
        f"; it was done all the same ({listed(made) or 'see above'})"
        if row.outcome != "ok" and row.number in story.done
        else ""
    )
    same = [
        each.attempt for each in story.rows if (each.kind, each.operation, each.key) == ("call", row.operation, row.key)
    ]
    first = f", attempt 1 of {max(same)}" if row.attempt == 1 and max(same) > 1 else ""
    return f"{first}{lost}"


def _few(fetches: pl.DataFrame) -> tuple[pl.DataFrame, Mapping[int, int]]:
    """The first fetches and the last, and how many were left out after which row."""
    moments = fetches["time"].unique().sort()
    if moments.len() <= _FETCHES:
        return fetches, {}
    first = fetches.filter(pl.col("time") <= moments[_FETCHES - 2])
    left_out = {int(first["number"][-1]): moments.len() - _FETCHES}
    return pl.concat([first, fetches.filter(pl.col("time") == moments[-1])]), left_out


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _tone(row: WitnessRow, lost: bool) -> Tone:
    if lost or row.kind == "fault" or row.outcome in ("gave_up", "dropped"):
        return "bad"
    return "quiet" if row.kind == "stock" else "bad" if row.kind == "call" and row.outcome != "ok" else ""


def _edges(windows: Sequence[Window], rows: Sequence[WitnessRow]) -> list[tuple[float, str]]:
    """Begins and ends of fault windows while the story went on."""
    first = rows[0].time if rows else 0.0
    edges = [(window.begin / SECOND, f"{window.rule} is armed from here") for window in windows]
    edges += [(window.end / SECOND, f"{window.rule} is over") for window in windows]
    return sorted(edge for edge in edges if edge[0] > first)
