"""Which order a credit note is about: real ones do not say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from seatrial.mocks.messages.orders import Units
from seatrial.scenarios.trace_orders import RealOrder
from seatrial.sim.cargo import Goods


class MatchedReturn(NamedTuple):
    """What comes back of one order by one credit note."""

    at: datetime
    """Time on the credit note."""
    lines: tuple[Units, ...]
    """SKUs and units."""


class Unmatched(NamedTuple):
    """What comes back of an order that nobody can name: it was placed before the window, or never."""

    number: str
    """Number of the credit note."""
    at: datetime
    """Time on the credit note."""
    goods: Goods
    """SKUs and units."""


class Matches(NamedTuple):
    """Every credit note, matched as far as that goes."""

    returns: dict[str, list[MatchedReturn]]
    """Returns by order number."""
    strays: list[Unmatched]
    """The rest, in the order of time."""

    @property
    def matched_units(self) -> int:
        """Units that come back of a known order."""
        return sum(line.quantity for each in self.returns.values() for back in each for line in back.lines)

    @property
    def stray_units(self) -> int:
        """Units that come back of nobody knows which order."""
        return sum(units for stray in self.strays for _, units in stray.goods)


def match_returns(orders: Sequence[RealOrder], credit_notes: Iterable[RealOrder]) -> Matches:
    """Match each credit note with the latest earlier orders of the same country that have units of its SKUs left."""
    shops: dict[tuple[str, str], list[RealOrder]] = {}
    for order in orders:
        for sku in order.lines:
            shops.setdefault((order.country, sku), []).append(order)
    left = {(order.number, line.sku): line.units for order in orders for line in order.lines.values()}
    matches = Matches({}, [])
    for note in credit_notes:
        found: dict[str, list[Units]] = {}
        rest: list[tuple[str, int]] = []
        for line in note.lines.values():
            wanted = -line.units
            for order in reversed(shops.get((note.country, line.sku), ())):
                units = min(wanted, left[order.number, line.sku]) if order.at <= note.at else 0
                if units:
                    left[order.number, line.sku] -= units
                    wanted -= units
                    found.setdefault(order.number, []).append(Units(line.sku, units))
            if wanted:
                rest.append((line.sku, wanted))
        for number, lines in found.items():
            matches.returns.setdefault(number, []).append(MatchedReturn(note.at, tuple(lines)))
        if rest:
            matches.strays.append(Unmatched(note.number, note.at, tuple(rest)))
    return matches
