"""Partner SLA: how a partner's interface did, as the integration saw it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from seatrial.reports.callends import call_ends
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import SECOND, Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.percentiles import STATISTICS, spread
from seatrial.reports.reading import Better, Definition, Reading

_MINUTE: Final = 60 * SECOND
_SHARES: Final[tuple[tuple[str, Better, str], ...]] = (
    ("availability", "higher", "minutes in which a partner answered any call, of the minutes in which it was called"),
    ("error_rate", "lower", "calls that a partner failed to answer, of all calls to it"),
    ("throttled", "lower", "calls that a partner rejected as too many, of all calls to it"),
)


class PartnerSla(Measure):
    """Technical service levels of each partner, seen from the integration's side of the link.

    Formula: `availability`: minutes with at least one call that was not an error, divided by minutes with a call;
    `error_rate`: errors divided by calls, where an error is no usable reply (timed out, refused, reset, unreadable) or
    a status of 500 and above; `throttled`: calls rejected with 429, divided by calls; `latency`: time of the calls that
    were no errors, by nearest rank, p95 of at least 20 and p99 of at least 100. Unit: share, s. Source: call rows.
    Known as: service level indicators for availability, errors and latency (Google, *Site Reliability Engineering*).
    """

    group = "technical"
    defines = (
        *(
            Definition(name=f"partner_sla.*.{name}", unit="share", better=better, meaning=meaning)
            for name, better, meaning in _SHARES
        ),
        *(
            Definition(
                name=f"partner_sla.*.latency.{statistic}",
                unit="s",
                better="lower",
                meaning=f"{statistic} of the time of a partner's answers",
            )
            for statistic in STATISTICS
        ),
    )

    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Every partner that was called."""
        calls = log.derived(call_ends)
        minute = (pl.col("time") // _MINUTE).alias("minute")
        minutes = calls.group_by("partner", minute).agg((~pl.col("blame")).any().alias("up"))
        up = minutes.group_by("partner").agg(pl.col("up").mean(), pl.len().alias("minutes"))
        shares = calls.group_by("partner").agg(
            pl.col("blame").mean(), (pl.col("status") == 429).mean().alias("throttled"), pl.len().alias("calls")
        )
        for partner, error, throttled, count, available, seen in (
            shares.join(up, on="partner").sort("partner").iter_rows()
        ):
            yield self.reading(f"partner_sla.{partner}.availability", available, seen)
            yield self.reading(f"partner_sla.{partner}.error_rate", error, count)
            yield self.reading(f"partner_sla.{partner}.throttled", throttled, count)
        answered = calls.filter(~pl.col("blame"))
        piles = answered.group_by("partner").agg("latency").sort("partner")
        for place, partner in enumerate(piles["partner"]):
            yield from spread(f"partner_sla.{partner}.latency", piles["latency"][place], self.reading)
