"""Rows on tracks: calls and webhooks as slices, documents, events, notes and strikes as instants."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from seatrial.reports.tracks import BOOKS, EVENTS, FAULTS, NOTES, Tracks, process_of, written

_TOLD = ("key", "correlation", "attempt", "outcome", "status", "rule")


def row_events(rows: pl.DataFrame, tracks: Tracks) -> Iterator[pl.DataFrame]:
    """What a page of evidence puts on the tracks of the partners and of the rules."""
    for kind in ("call", "webhook"):
        yield from _slices(rows.filter(pl.col("kind") == kind), kind, tracks)
    commits = rows.filter(pl.col("kind") == "commit")
    yield _instants(commits, pl.format("{} {}", "document", "outcome"), BOOKS, tracks, "key", "correlation", "amount")
    events = rows.filter(pl.col("kind") == "event")
    yield _instants(events, pl.col("operation"), EVENTS, tracks, "key", "correlation", "quantity", "amount")
    notes = rows.filter(pl.col("kind") == "note")
    yield _instants(notes, pl.col("operation"), NOTES, tracks, "key", "correlation", "document_id")
    yield _strikes(rows.filter(pl.col("kind") == "fault"), tracks)


def _slices(rows: pl.DataFrame, kind: str, tracks: Tracks) -> Iterator[pl.DataFrame]:
    """Begin and end. Calls overlap, so they are asynchronous slices, each under an id of its own."""
    same = {"cat": pl.lit(kind), "id": pl.col("number").cast(pl.String), "name": pl.col("operation")}
    same |= {"pid": process_of(tracks), "tid": pl.lit(0)}
    begin = pl.col("time") - pl.col("latency")
    yield written(rows, 0, ph=pl.lit("b"), ts=begin, **same, args=pl.struct(_TOLD))
    yield written(rows, 1, ph=pl.lit("e"), ts=pl.col("time"), **same)


def _instants(rows: pl.DataFrame, name: pl.Expr, thread: int, tracks: Tracks, *told: str) -> pl.DataFrame:
    place = {"pid": process_of(tracks), "tid": pl.lit(thread)}
    return written(rows, 0, ph=pl.lit("i"), s=pl.lit("t"), ts=pl.col("time"), name=name, **place, args=pl.struct(told))


def _strikes(rows: pl.DataFrame, tracks: Tracks) -> pl.DataFrame:
    thread = pl.col("rule").replace_strict(tracks.rules, default=0, return_dtype=pl.Int64)
    where = pl.format("{} {}.{}", "document", "partner", "operation")
    place = {"pid": pl.lit(FAULTS), "tid": thread}
    told = pl.struct("key", "correlation", "attempt", "outcome")
    return written(rows, 0, ph=pl.lit("i"), s=pl.lit("t"), ts=pl.col("time"), name=where, **place, args=told)
