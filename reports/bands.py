"""Bands: how a trade went before a fault, and when after it everything was back within."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from seatrial.reports.curves import backlog_of, queue
from seatrial.reports.documents import FLOW, ledger
from seatrial.reports.journeys import order_journeys
from seatrial.reports.logbook import HOUR, Logbook

BEFORE: Final = 24 * HOUR
"""What counts as before the fault: at most a day, in microseconds."""
TOO_YOUNG: Final = HOUR
"""A run that is younger than this when a fault begins has no band of its own yet."""
SLACK: Final = 1.25
"""A band reaches from nothing to so many times the highest level before the fault, and a little more."""
FEW: Final = 5
"""The band of a queue where the run is too young for one; ten minutes' worth of orders where that is more."""
PROMPT: Final = HOUR
"""Median wait, in microseconds, up to which a queue is one that a fault can be seen in."""
BRIEF: Final = HOUR // 6
"""A queue that is longer than its band for less than ten minutes is a rush, not a break."""
BUCKET: Final = HOUR // 6
"""Latency is judged by its median over ten minutes, in which at least `ENOUGH` orders were released."""
ENOUGH: Final = 3
TOLERANCE: Final = HOUR // 12
"""Five minutes more than the band are no harm to anybody."""

Stretch = tuple[int, int]
"""Begin and end of a stretch in microseconds; end is `OPEN` for one that never ends."""
OPEN: Final = 1 << 62


def prompt_orders(log: Logbook) -> pl.DataFrame:
    """Journeys of the orders of channels that hand over at once.

    A channel whose orders wait for more than an hour in the median hands over in batches: its backlog rises and falls
    with the hour of the batch, which would drown what a fault does. A channel of which nothing was ever released is
    prompt: nobody fetches its orders.
    """
    orders = log.derived(order_journeys)
    wait = (pl.col("released") - pl.col("placed")).median().alias("wait")
    waits = orders.filter(pl.col("backordered").is_null()).group_by("partner").agg(wait)
    batched = waits.filter(pl.col("wait") > PROMPT).select("partner")
    return orders.join(batched, on="partner", how="anti", maintain_order="left")


def release_queue(log: Logbook) -> pl.DataFrame:
    """Orders placed and neither released, back-ordered, cancelled nor rejected."""
    return backlog_of(log.derived(prompt_orders))


def label_queue(log: Logbook) -> pl.DataFrame:
    """Orders packed and without a label."""
    labelled = pl.min_horizontal("labelled", "shipped", "cancelled")
    return _if_prompt(log.derived(order_journeys), "packed", labelled)


QUEUES: Final[tuple[Callable[[Logbook], pl.DataFrame], ...]] = (release_queue, label_queue)
"""The queues that have to be back in their bands."""


def queue_breaks(log: Logbook, waiting: Callable[[Logbook], pl.DataFrame], begin: int, end: int) -> list[Stretch]:
    """Stretches from `end` on in which a queue was longer than its band before `begin` allows."""
    lasting = log.derived(waiting).with_columns(pl.col("time").shift(-1).fill_null(OPEN).alias("until"))
    past = lasting.filter((pl.col("until") > begin - BEFORE) & (pl.col("time") < begin))["orders"].max()
    height = SLACK * past + 2 if isinstance(past, int) and begin >= TOO_YOUNG else _few(log)
    over = lasting.with_columns((pl.col("orders") > height).alias("over"))
    runs = over.group_by(pl.col("over").rle_id(), maintain_order=True).agg(
        pl.col("over").first().alias("is_over"), pl.col("time").first(), pl.col("until").last()
    )
    long = runs.filter(pl.col("is_over") & (pl.col("until") - pl.col("time") >= BRIEF) & (pl.col("until") > end))
    return list(long.select("time", "until").iter_rows())


def latency_breaks(log: Logbook, begin: int, end: int) -> list[Stretch]:
    """Stretches of ten minutes from `end` on whose orders had waited longer for release than the band allows."""
    medians = log.derived(release_medians)
    past = medians.filter((pl.col("last") >= begin - BEFORE) & (pl.col("last") < begin))["took"].max()
    if not isinstance(past, int | float) or begin < TOO_YOUNG:
        return []
    late = medians.filter((pl.col("last") > end) & (pl.col("took") > SLACK * past + TOLERANCE))
    return list(late.select("first", "last").iter_rows())


def release_medians(log: Logbook) -> pl.DataFrame:
    """Median time from placed to released (`took`) of what was released in each ten minutes, `first` to `last`."""
    orders = log.derived(prompt_orders).filter(pl.col("backordered").is_null() & pl.col("released").is_not_null())
    waits = orders.select("released", (pl.col("released") - pl.col("placed")).alias("took"))
    return (
        waits.group_by((pl.col("released") // BUCKET).alias("bucket"))
        .agg(
            pl.col("took").median(),
            pl.col("released").min().alias("first"),
            pl.col("released").max().alias("last"),
            pl.len().alias("orders"),
        )
        .filter(pl.col("orders") >= ENOUGH)
        .sort("bucket")
    )


def duplicate_breaks(log: Logbook, begin: int, end: int) -> list[Stretch]:
    """Stretches in which a document lived twice that did not before `begin`."""
    born = log.derived(duplicate_lives).filter((pl.col("born") >= begin) & (pl.col("gone") > end))
    return list(born.select("born", "gone").iter_rows())


def duplicate_lives(log: Logbook) -> pl.DataFrame:
    """When each business key of the flow had more than one live document: `born` to `gone`, `OPEN` if it still has."""
    by_key = ("document", "key")
    twice = log.derived(ledger).filter((pl.col("created") > 1) & pl.col("document").is_in(FLOW)).select(by_key)
    step = pl.when(pl.col("outcome") == "created").then(1).when(pl.col("outcome") == "reversed").then(-1)
    rows = log.commits.join(twice, on=by_key, how="semi").with_columns(step.alias("step")).drop_nulls("step")
    instants = rows.group_by(*by_key, "time").agg(pl.col("step").sum())
    levels = instants.sort("time").with_columns((pl.col("step").cum_sum().over(by_key) > 1).alias("twice"))
    flips = levels.filter(pl.col("twice") != pl.col("twice").shift(1).over(by_key).fill_null(False))
    gone = pl.col("time").shift(-1).over(by_key).fill_null(OPEN)
    return flips.select(*by_key, pl.col("time").alias("born"), gone.alias("gone"), "twice").filter("twice")


def first_quiet(breaks: Sequence[Stretch], end: int, horizons: Sequence[int]) -> int | None:
    """First microsecond from `end` on after which no break follows before a horizon; None: there is none.

    Horizons, in order, are the begins of later faults and the end of the run: what a later fault breaks is not the
    earlier one's, unless that had not recovered by then.
    """
    for horizon in horizons:
        known = [(begin, until) for begin, until in breaks if begin < horizon]
        quiet = max([end, *(until for _, until in known)])
        if quiet < horizon or quiet == end:
            return quiet
    return None


def _if_prompt(table: pl.DataFrame, enter: str, leave: pl.Expr) -> pl.DataFrame:
    """The queue, or none where half of what leaves it had waited for more than an hour: it moves in batches."""
    waits = table.select((leave - pl.col(enter)).alias("wait"))["wait"]
    median = waits.median()
    moves_in_batches = isinstance(median, int | float) and median > PROMPT
    return queue(table.clear() if moves_in_batches else table, enter, leave)


def _few(log: Logbook) -> float:
    placed = log.derived(order_journeys)["placed"]
    first, last = placed.min(), placed.max()
    length = last - first if isinstance(first, int) and isinstance(last, int) else 0
    return max(float(FEW), placed.len() * BRIEF / length if length else 0.0)
