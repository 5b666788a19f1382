"""Playing a trace: when in the run which real order is placed, and what comes back of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge

import msgspec

from seatrial.mocks.messages.orders import ChannelOrder, OrderLine
from seatrial.mocks.purchases import Intent, PlannedReturn, Purchase, StrayReturn
from seatrial.scenarios.customers import Customers
from seatrial.scenarios.shares import Split
from seatrial.scenarios.stocking import stock_up
from seatrial.scenarios.trace_orders import RealLine, RealOrder
from seatrial.scenarios.trace_returns import Matches
from seatrial.sim.assortment import Assortment
from seatrial.sim.dice import Dice

_RESOLUTION = 60.0  # a trace knows the minute; the second within it is drawn
_DAY = 86_400.0


class Playback(msgspec.Struct, frozen=True):
    """How a window of a trace becomes the demand of a run."""

    start: datetime
    """Moment of the trace at which the run begins."""
    speed_up: float
    """Seconds of the trace in one second of the run."""
    currency: str
    """ISO 4217 code."""
    customers: Customers
    """Who buys."""
    channels: Split
    """Share of the orders by channel."""
    warehouses: Split
    """Share of the goods that turn up unannounced by warehouse."""
    prices: Mapping[str, int] | None
    """Prices that orders carry, minor units; None: those on their lines."""

    def intents(self, orders: Sequence[RealOrder], matches: Matches, dice: Dice) -> Iterator[Intent]:
        """Purchases, and goods that turn up unannounced, in the order of time."""
        return merge(self._purchases(orders, matches, dice), self._strays(matches, dice), key=lambda each: each.at)

    def _purchases(self, orders: Sequence[RealOrder], matches: Matches, dice: Dice) -> Iterator[Purchase]:
        second, channel = dice.keyed("trace", "second"), dice.keyed("trace", "channel")
        timed = [(self._at(order.at, second(order.number)), order) for order in orders if order.lines]
        for at, order in sorted(timed, key=lambda each: each[0]):
            name, customer = self.channels.at(channel(order.number)), self.customers.buyer(order.country, order.number)
            lines = tuple(map(self._line, order.lines.values()))
            bought = ChannelOrder(order.number, name, at, customer, self.currency, lines, at)
            back = matches.returns.get(order.number, ())
            yield Purchase(at, name, bought, tuple(PlannedReturn(self._at(each.at), each.lines) for each in back))

    def _strays(self, matches: Matches, dice: Dice) -> Iterator[StrayReturn]:
        place = dice.keyed("trace", "stray")
        for stray in matches.strays:
            yield StrayReturn(self._at(stray.at), self.warehouses.at(place(stray.number)), stray.goods)

    def _line(self, line: RealLine) -> OrderLine:
        return OrderLine(line.sku, line.units, line.price if self.prices is None else self.prices[line.sku])

    def _at(self, moment: datetime, second: float = 0.0) -> float:
        return ((moment - self.start).total_seconds() + second * _RESOLUTION) / self.speed_up


def common_prices(orders: Sequence[RealOrder], credit_notes: Sequence[RealOrder]) -> dict[str, int]:
    """The price at which each SKU was sold most often, the lower of two; of SKUs that only came back, their price."""
    seen: dict[str, Counter[int]] = {}
    for order in orders:
        for line in order.lines.values():
            seen.setdefault(line.sku, Counter())[line.price] += 1
    prices = {sku: max(counts, key=lambda price: (counts[price], -price)) for sku, counts in seen.items()}
    for note in credit_notes:
        for line in note.lines.values():
            prices.setdefault(line.sku, line.price)
    return prices


def shelves(
    orders: Sequence[RealOrder], prices: Mapping[str, int], seconds: float, warehouses: Split, currency: str
) -> Assortment:
    """The items of a trace, with stock for so many seconds of its average demand over a day or more."""
    units: Counter[str] = Counter()
    for order in orders:
        for line in order.lines.values():
            units[line.sku] += line.units
    span = max(_DAY, (orders[-1].at - orders[0].at).total_seconds())
    pace = {sku: count / span for sku, count in units.items()}
    return stock_up(currency, prices, pace, seconds, warehouses)
