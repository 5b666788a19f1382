"""How calls ended: which failed, which of these are the partner's own fault, and which only renewed a token."""

from __future__ import annotations

from typing import Final

import polars as pl

from seatrial.reports.logbook import SECOND, Logbook

SIGN_IN: Final = (401, 403)
"""Rejections of who calls, as vendors differ: token or session is over."""
NO_BUSINESS: Final = (*SIGN_IN, 408, 429)
"""Rejections that say nothing about the document: sign in again, too slow, too many."""
SILENT: Final = ("timed_out", "refused", "reset", "unreadable")
"""Ends without a reply that could be used. `cancelled` is none of them: there the caller gave up or died."""
RENEWED_WITHIN: Final = 30 * SECOND
"""Within so many microseconds the same call comes again with a new token."""
_SAME: Final = ("partner", "operation", "key", "attempt")


def call_ends(log: Logbook) -> pl.DataFrame:
    """Each call: `partner`, `time`, `latency`, `status`, whether it `failed`, whether the partner is to `blame`."""
    silent = pl.col("outcome").cast(pl.String).is_in(SILENT)
    return log.calls.select(
        pl.col("partner").cast(pl.String),
        "time",
        "latency",
        "status",
        failed_call(log).alias("failed"),
        (silent | (pl.col("status") >= 500)).alias("blame"),
    )


def failed_call(log: Logbook) -> pl.Expr:
    """Whether a call failed; rejections for a reason of the trade are no failures.

    Nor is a call that met an expired token, signed in and came through: that is how tokens are renewed.
    """
    business = (pl.col("outcome") == "rejected") & ~pl.col("status").is_in(NO_BUSINESS) & (pl.col("status") < 500)
    renewed = pl.col("number").is_in(log.derived(renewals)["number"].implode())
    return (pl.col("outcome") != "ok") & ~business & ~renewed


def renewals(log: Logbook) -> pl.DataFrame:
    """Calls that had to sign in again and whose repetition, same key and same attempt, had not: their `number`."""
    expired = log.calls.filter(pl.col("status").is_in(SIGN_IN))
    twins = log.calls.join(expired.select(_SAME).unique(), on=_SAME, how="semi", maintain_order="left")
    after = (pl.col(name).shift(-1).over(_SAME) for name in ("status", "time"))
    status, time = (column.alias(f"next_{name}") for column, name in zip(after, ("status", "time"), strict=True))
    known = twins.select("number", "time", "status", status, time)
    soon = pl.col("next_time") - pl.col("time") <= RENEWED_WITHIN
    return known.filter(pl.col("status").is_in(SIGN_IN) & ~pl.col("next_status").is_in(SIGN_IN) & soon).select("number")
