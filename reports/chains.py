"""Chains of evidence: for one finding the few rows that show how it came about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.kept_back import nameless_rows
from seatrial.reports.logbook import Logbook
from seatrial.reports.reading import Subject
from seatrial.reports.telling import told
from seatrial.reports.witness import WitnessRow

LONGEST: Final = 8
"""Rows of a chain at most."""
_FETCH: Final = pl.col("kind").is_in(["call", "fault"]) & (pl.col("key") == "") & (pl.col("correlation") == "")
_STRIKE: Final = (pl.col("kind") == "fault") & (pl.col("outcome") == "mattered")
_SAME: Final = ("partner", "operation", "key", "attempt")


class Question(NamedTuple):
    """What a witness is wanted for."""

    subject: Subject
    """What the key names."""
    document: str
    """Class of the document, where one is too much or missing."""
    key: str
    """Business key, order number, SKU or rule."""


def chains(log: Logbook, questions: Iterable[Question], facts: Facts) -> dict[Question, tuple[WitnessRow, ...]]:
    """The shortest chain for each question, of one look through the evidence for all of them.

    Struck calls that carry no number are looked at with the rows of the order that they belong to.
    """
    asked = tuple(dict.fromkeys(questions))
    if not asked:
        return {}
    rules = [question.key for question in asked if question.subject == "rule"]
    skus = [question.key for question in asked if question.subject == "sku"]
    keys = [name for question in asked if question.subject not in ("rule", "sku") for name in _names(question)]
    named = log.rows.filter(_is_in("key", keys + skus) | _is_in("correlation", keys) | _is_in("rule", rules)).collect()
    orders = named.filter(_is_in("key", keys) & (pl.col("correlation") != ""))["correlation"].unique().to_list()
    around = log.rows.filter(_is_in("correlation", orders)).collect() if orders else named.clear()
    kept = nameless_rows(log, facts.feeds, orders)
    rows = pl.concat([named, around, *kept.values()]).unique("number").sort("number")
    own = [each.with_columns(correlation=pl.lit(order)) for order, each in kept.items()]
    known = pl.concat([rows.filter(~_FETCH), *own]).sort("number")
    picked = {question: _chain(known, question) for question in asked}
    return {
        question: told(rows.filter(pl.col("number").is_in(numbers)), facts.currency)
        for question, numbers in picked.items()
    }


def last_moments(log: Logbook, currency: str = "") -> tuple[WitnessRow, ...]:
    """How an integration ended by itself: the note of it, and before it the last calls and strikes; of those that were
    waited for, not what its end cut short.
    """
    noted = (pl.col("kind") == "note") & (pl.col("operation") == "crash") & (pl.col("document_id") != "")
    end = log.rows.filter(noted).tail(1).collect()  # a crash that a fault brings gives no reason
    if not end.height:
        return ()
    acts = _STRIKE | ((pl.col("kind") == "call") & (pl.col("outcome") != "cancelled"))
    before = log.rows.filter((pl.col("number") < _number(end)) & acts).tail(LONGEST).collect()
    last = _together(before.reverse(), before, LONGEST - 3)
    return told(pl.concat([before.filter(pl.col("number").is_in(last)), end]), currency)


def _names(question: Question) -> tuple[str, ...]:
    """The key, and of the key of a message the parcel that it is about."""
    parcel = question.key.rpartition("/shipped/")[2]
    return (question.key, parcel) if parcel != question.key else (question.key,)


def _is_in(column: str, names: list[str]) -> pl.Expr:
    return pl.col(column).is_in(pl.Series(names, dtype=pl.String).implode())


def _chain(rows: pl.DataFrame, question: Question) -> list[int]:
    """Numbers of the rows that show it; what is picked first is kept first."""
    picked = {
        "double": _double,
        "owed": _owed,
        "order": _order,
        "sku": _sku,
        "rule": _rule,
        "": _order,
    }[question.subject](rows, question)
    return _together(picked, rows, LONGEST)


def _together(picked: pl.DataFrame, rows: pl.DataFrame, most: int) -> list[int]:
    """Numbers of the first of some rows, at most so many: a strike comes with the call that it fell on, or not at
    all.
    """
    struck = dict(_struck(picked.filter(_STRIKE), rows).select("number", "call").drop_nulls().iter_rows())
    kept: set[int] = set()
    for number in picked["number"]:
        more = {number, struck.get(number, number)} - kept
        kept |= more if len(kept) + len(more) <= most else set()
    return sorted(kept)


def _struck(strikes: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Strikes with the number of the `call` that each fell on; null: on none."""
    calls = rows.filter(pl.col("kind") == "call").sort("number").select(*_SAME, "number", call="number")
    return strikes.sort("number").join_asof(
        calls, on="number", by=list(_SAME), strategy="nearest", check_sortedness=False
    )


def _double(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """The first two documents, the calls that made them, the strike on the first of these and the last strikes until
    the second, and the last call before that.
    """
    mine = rows.filter((pl.col("key") == question.key) & (pl.col("document") == question.document))
    made = mine.filter((pl.col("kind") == "commit") & (pl.col("outcome") == "created")).head(2)
    calls = mine.filter(pl.col("kind") == "call")
    first, second = (calls.filter(pl.col("number") > _number(each)).head(1) for each in (made.head(1), made.tail(1)))
    order = made["correlation"].head(1).to_list() or [question.key]
    about = (pl.col("key") == question.key) | (pl.col("correlation") == order[0])
    strikes = _struck(rows.filter(_STRIKE & about), rows)
    hidden = strikes.filter(pl.col("call").is_in(first["number"].implode()))
    last = strikes.filter(pl.col("number") <= _number(second, last=True)).tail(1 if hidden.height else 2)
    before = calls.filter(pl.col("number") < _number(made, last=True)).tail(1)
    return pl.concat([made, first, second, *(each.select(rows.columns) for each in (hidden, last)), before])


def _number(rows: pl.DataFrame, *, last: bool = False) -> int:
    """Number of the first or the last of some rows; without rows the begin, or the end, of the log."""
    found = rows["number"].max() if last else rows["number"].min()
    return found if isinstance(found, int) else (1 << 62 if last else 0)


def _owed(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Why it is owed, every vain call for it, and what was given up; where nothing struck since, what did before."""
    mine = rows.filter(pl.col("key").is_in(_names(question)))
    order = mine.filter(pl.col("correlation") != "")["correlation"].head(1).to_list() or [
        question.key.partition("/")[0]
    ]
    reasons = (
        "order.placed",
        "return.requested",
        "fulfilment.accepted",
        "shipment.dispatched",
        "stock.restocked",
        "stock.scrapped",
        "cancellation.accepted",
    )
    why = mine.filter((pl.col("kind") == "event") & pl.col("operation").is_in(reasons)).head(2)
    if not why.height:
        why = rows.filter((pl.col("correlation") == order[0]) & pl.col("operation").is_in(reasons)).head(1)
    calls = mine.filter((pl.col("kind") == "call") & (pl.col("document") == question.document)).head(3)
    whole = rows.filter(pl.col("correlation") == order[0])
    trouble = whole.filter(
        _STRIKE
        | ((pl.col("kind") == "call") & (pl.col("key") == ""))
        | ((pl.col("kind") == "note") & pl.col("operation").is_in(["dead_letter", "dropped", "exception_opened"]))
        | ((pl.col("kind") == "webhook") & pl.col("outcome").is_in(["dropped", "gave_up"]))
    )
    after = trouble.filter(pl.col("number") >= _number(why)).head(LONGEST - 5)
    before = rows.clear() if after.filter(_STRIKE).height else _before(whole, _number(why))
    return pl.concat([why, calls, before, after.head(LONGEST - why.height - calls.height - before.height)])


def _before(order: pl.DataFrame, number: int) -> pl.DataFrame:
    """What went wrong with an order before something was owed: the last strike, and the last call that never came
    through.
    """
    calls = order.filter(pl.col("kind") == "call")
    vain = calls.join(calls.filter(pl.col("outcome") == "ok"), on=["partner", "operation", "key"], how="anti")
    past = (each.filter(pl.col("number") < number).sort("number").tail(1) for each in (order.filter(_STRIKE), vain))
    return pl.concat(past)


def _order(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """What was bought, what was taken back, what was made of it (or of one class) and what left."""
    mine = rows.filter(pl.col("correlation") == question.key)
    bought = mine.filter(
        (pl.col("kind") == "event") & pl.col("operation").is_in(["order.placed", "cancellation.accepted"])
    )
    documents = [question.document] if question.document else ["fulfilment", "parcel", "refund"]
    given = mine.filter((pl.col("kind") == "commit") & pl.col("document").is_in(documents))
    strikes = mine.filter(_STRIKE)
    return pl.concat([bought.head(2), given.head(LONGEST - 4), strikes.head(2)])


def _sku(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """The last levels of the SKU on the shelves and in the book that is held against them, and its last sales."""
    mine = rows.filter(pl.col("key") == question.key)
    books = ["on_hand", question.document or "allocated"]
    levels = mine.filter((pl.col("kind") == "stock") & pl.col("operation").is_in(books))
    last = levels.unique(["partner", "operation", "document_id"], keep="last", maintain_order=True)
    sales = mine.filter((pl.col("kind") == "sale") & (pl.col("operation") == "placed")).tail(2)
    return pl.concat([last.tail(LONGEST - 2), sales])


def _rule(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Begin and end of its window, its first and its last strike that mattered."""
    mine = rows.filter(pl.col("rule") == question.key)
    window = mine.filter(pl.col("kind") == "phase")
    strikes = mine.filter(_STRIKE)
    return pl.concat([window.head(2), strikes.head(1), strikes.tail(1)])
