"""The tally of documents: what Jepsen counts of a queue, counted per class of document and business key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from seatrial.reports.blame import blame
from seatrial.reports.documents import FLOW, ledger
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
    return log.derived(ledger)


def missing(log: Logbook, until: int) -> pl.DataFrame:
    """One row per lost document: owed and not alive, or acknowledged and never made; with its order and `first` row."""
    unmet = log.derived(owed, until).filter(~pl.col("met")).with_columns(pl.col("number").alias("first"))
    vain = log.derived(tally).filter(pl.col("acknowledged") & (pl.col("created") == 0))
    both = pl.concat([each.select("document", "key", "correlation", "first") for each in (unmet, vain)])
    return both.unique(["document", "key"], keep="first").sort("first", "document", "key")


def per_class(
    family: str,
    rows: pl.DataFrame,
    reading: Read,
    samples: pl.DataFrame,
    classes: Sequence[str] = FLOW,
    strikes: pl.DataFrame | None = None,
) -> Iterable[Reading]:
    """How many of `rows`, summed over column `count`, each class of document has, and the flow's classes together.

    `samples` are the rows out of which they were counted. Where they are harm, `strikes` are those on orders
    (see `orders_struck`), among which the fault that they have in common is looked for: those that it touched stand in
    front.
    """
    blamed = {} if strikes is None else blame(strikes, rows, samples, FIRST_KEYS)
    found = rows.group_by("document").agg(pl.col("count").sum(), pl.col("key").head(FIRST_KEYS))
    seen = samples.group_by("document").len()
    counts = {document: (count, keys) for document, count, keys in found.iter_rows()}
    sizes: dict[str, int] = dict(seen.iter_rows())
    total = 0
    for document in classes:
        count, keys = counts.get(document, (0, ()))
        total += count if document in FLOW else 0
        by = blamed.get(document)
        first = tuple(dict.fromkeys((*by.keys, *keys)))[:FIRST_KEYS] if by else keys
        detail = str(by) if by else ""
        yield reading(f"{family}.{document}", float(count), sizes.get(document, 0), detail=detail, keys=first)
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
