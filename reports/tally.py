"""The tally of documents: what Jepsen counts of a queue, counted per class of document and business key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from seatrial.reports.documents import FLOW, asked, lives
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Read
from seatrial.reports.obligations import owed
from seatrial.reports.reading import Better, Definition, Reading

FIRST_KEYS = 5
"""Keys that a reading names."""


def tally(log: Logbook) -> pl.DataFrame:
    """One row per class and key ever asked for or made: `attempted`, `acknowledged`, `created`, `live`, `ever`.

    In the order in which they first appear in the evidence.
    """
    by_key = ["document", "key"]
    made = log.derived(lives).select(*by_key, "correlation", "created", "live", "ever", "first")
    wanted = log.derived(asked).select(*by_key, "correlation", "acknowledged", "first", pl.lit(True).alias("attempted"))
    table = made.join(wanted, on=by_key, how="full", coalesce=True)
    return table.select(
        *by_key,
        pl.coalesce("correlation", "correlation_right").alias("correlation"),
        pl.min_horizontal("first", "first_right").alias("first"),
        *(pl.col(name).fill_null(False) for name in ("attempted", "acknowledged")),
        *(pl.col(name).fill_null(0) for name in ("created", "live", "ever")),
    ).sort("first")


def missing(log: Logbook, until: int) -> pl.DataFrame:
    """One row per lost document: owed and not alive, or acknowledged and never made; `document`, `key`, `first`."""
    unmet = log.derived(owed, until).filter(~pl.col("met")).select("document", "key", pl.col("number").alias("first"))
    vain = log.derived(tally).filter(pl.col("acknowledged") & (pl.col("created") == 0))
    both = pl.concat([unmet, vain.select("document", "key", "first")])
    return both.unique(["document", "key"], keep="first").sort("first", "document", "key")


def per_class(
    family: str, rows: pl.DataFrame, reading: Read, samples: pl.DataFrame, classes: Sequence[str] = FLOW
) -> Iterable[Reading]:
    """How many of `rows`, summed over column `count`, each class of document has, and the flow's classes together.

    `samples` are the rows out of which they were counted.
    """
    found = rows.group_by("document").agg(pl.col("count").sum(), pl.col("key").head(FIRST_KEYS))
    seen = samples.group_by("document").len()
    counts = {document: (count, keys) for document, count, keys in found.iter_rows()}
    sizes: dict[str, int] = dict(seen.iter_rows())
    total = 0
    for document in classes:
        count, keys = counts.get(document, (0, ()))
        total += count if document in FLOW else 0
        yield reading(f"{family}.{document}", float(count), sizes.get(document, 0), keys=keys)
    known = rows.filter(pl.col("document").is_in(FLOW))
    size = sum(sizes.get(document, 0) for document in FLOW)
    yield reading(f"{family}.total", float(total), size, keys=known["key"].head(FIRST_KEYS).to_list())


def class_definitions(
    family: str, meaning: str, better: Better = "", classes: Sequence[str] = FLOW
) -> tuple[Definition, ...]:
    """The names that `per_class` reads, without findings of their own."""
    return tuple(
        Definition(name=f"{family}.{document}", unit="documents", better=better, meaning=f"{meaning}: {document}")
        for document in (*classes, "total")
    )
