"""Roles: what each partner of a run is to the trade, read from the events that it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import polars as pl

from seatrial.reports.logbook import Logbook
from seatrial.sim.events import EVENTS, Emitter

_FLOW: Final = tuple(Emitter)
"""From the shopper to the desk: the order in which an order passes them."""


def roles(log: Logbook) -> Mapping[str, Emitter]:
    """Role of every partner that wrote an event that only one kind of partner writes; the one it plays most."""
    pairs = log.events.group_by("partner", "operation").len()  # first the few pairs, then their names: names are slow
    seen = pairs.select(pl.col("partner", "operation").cast(pl.String)).sort("partner", "operation")
    votes: dict[str, Counter[Emitter]] = {}
    for partner, event in seen.iter_rows():
        known = EVENTS.get(event)
        if known is not None:
            votes.setdefault(partner, Counter())[known.emitter] += 1
    return {partner: count.most_common(1)[0][0] for partner, count in votes.items()}


def by_flow(partners: Mapping[str, Emitter], name: str) -> tuple[int, str]:
    """Where a partner stands in the flow: channels first, the integration after them, strangers last."""
    return (_FLOW.index(partners[name]) if name in partners else len(_FLOW), name)
