"""Synthetic demand: made-up shoppers and items, streamed, as many orders as one likes."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from math import inf

import msgspec

from seatrial.mocks.messages.orders import ChannelOrder, OrderLine
from seatrial.mocks.purchases import Habits, Purchase
from seatrial.scenarios.arrivals import Arrivals, Poisson, moments
from seatrial.scenarios.customers import Customers
from seatrial.scenarios.season import Network, Season
from seatrial.scenarios.shares import Split, split
from seatrial.scenarios.stocking import stock_up
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.latency import Latency
from seatrial.sim.quantities import MOST, PerSecond, Seconds, Share, check_worth
from seatrial.sim.units import MINOR_DIGITS

_HOUR, _DAY = 3600.0, 86_400.0
_ITEMS = 1_000_000
PREFIXES = {"marketplace": "MP", "storefront": "SF", "b2b": "B2B"}
"""How order numbers begin; other channels use their name."""
_HABITS = Habits()


class Synthetic(msgspec.Struct, frozen=True, tag_field="kind", tag="synthetic", forbid_unknown_fields=True):
    """Orders of a few lines, with a few best-sellers and a long tail of items."""

    arrivals: Arrivals = Poisson(PerSecond(200 / _HOUR))
    """When orders come."""
    orders: int = 0
    """Orders in all; 0: as many as come before the demand ends."""
    skus: int = 500
    """Items on sale."""
    popularity: float = 1.0
    """How unequal sales are: the item in place n sells 1/n to this power; 0: all alike."""
    lines: tuple[int, int] = (2, 3)
    """Fewest and most lines of an order."""
    quantity: tuple[int, int] = (1, 3)
    """Fewest and most units of a line."""
    prices: tuple[int, int] = (199, 4999)
    """Lowest and highest price of a unit, minor units."""
    currency: str = "GBP"
    """ISO 4217 code."""
    channels: dict[str, Share] = {}
    """Share of the orders by channel; empty: the same for all."""
    warehouses: dict[str, Share] = {}
    """Share of the stock by warehouse; empty: the same for all."""
    countries: dict[str, Share] = msgspec.field(default_factory=lambda: {"United Kingdom": Share(1)})
    """Share of the orders by country of the customer."""
    customers: int = 500
    """Customers in each country."""
    cover: Seconds = Seconds(10 * _DAY)
    """Seconds of demand that the stock to begin with lasts for."""
    cancellations: Share = Share(0.01)
    """Share of the orders that the shopper wants to cancel."""
    cancel_after: Latency = _HABITS.cancel_after
    """Seconds from the sale to that wish."""
    returns: Share = Share(0.02)
    """Share of the orders of which something is sent back."""
    return_after: Latency = _HABITS.return_after
    """Seconds from the delivery to the wish to send something back."""
    return_travel: Latency = _HABITS.return_travel
    """Seconds that returned goods travel to the warehouse."""
    late_returns: Seconds = _HABITS.late_returns
    """Seconds after the end of the demand during which shoppers still ask to send something back."""

    def season(self, dice: Dice, network: Network) -> Season:
        """Make the demand ready for a run. Raises BadInput for figures that make no sense."""
        self._check()
        warehouses = split("warehouses", self.warehouses, network.warehouses)
        channels = split("channels", self.channels, network.channels)
        countries = split("countries", self.countries, tuple(self.countries))
        shelf = _Shelf(self, dice)
        return Season(
            assortment=stock_up(self.currency, shelf.prices, shelf.pace, self.cover, warehouses),
            intents=_stream(self, dice, network, shelf, (channels, countries)),
            habits=self._habits(),
            cover=self.cover,
        )

    def _habits(self) -> Habits:
        names = (field.name for field in msgspec.structs.fields(Habits))
        return Habits(**{name: getattr(self, name) for name in names})

    def _check(self) -> None:
        self.arrivals.check()
        for name, pair, least in (("lines", self.lines, 1), ("quantity", self.quantity, 1), ("prices", self.prices, 0)):
            if not least <= pair[0] <= pair[1] <= MOST:
                what = f"demand.{name} takes a lowest and a highest number from {least} to {MOST}"
                raise BadInput(what, value=list(pair))
        check_worth("the largest order of the demand", self.lines[1] * self.quantity[1] * self.prices[1])
        if self.skus < self.lines[1]:
            raise BadInput("too few items for an order", value=self.skus, hint=f"{self.lines[1]} lines need as many")
        if self.skus > _ITEMS:
            raise BadInput("more items than a network holds", value=self.skus, hint=f"at most {_ITEMS}")
        counts = 0 <= self.orders <= MOST and 1 <= self.customers <= MOST
        if not counts or not 0 <= self.popularity <= 10 or not 0 < self.cover < inf:
            hint = f"orders to {MOST}, customers from 1 to {MOST}, popularity from 0 to 10, cover above 0 s"
            value = f"{self.orders}, {self.customers}, {self.popularity:g}, {self.cover:g} s"
            raise BadInput("a figure of the demand is out of its range", value=value, hint=hint)
        if self.currency not in MINOR_DIGITS:
            raise BadInput("unknown currency", value=self.currency, known=sorted(MINOR_DIGITS))


class _Shelf:
    """The items on sale, the best-seller first."""

    def __init__(self, demand: Synthetic, dice: Dice) -> None:
        low, high = demand.prices
        price = dice.keyed_int(high - low + 1, "synthetic", "price")
        weights = [1 / (place + 1) ** demand.popularity for place in range(demand.skus)]
        units = demand.arrivals.rate * sum(demand.lines) / 2 * sum(demand.quantity) / 2 / sum(weights)
        self.skus = [f"SKU-{place + 1:04d}" for place in range(demand.skus)]
        self.prices: Mapping[str, int] = {sku: low + price(sku) for sku in self.skus}
        self.pace: Mapping[str, float] = {sku: units * weight for sku, weight in zip(self.skus, weights, strict=True)}
        self._bounds = list(accumulate(weights))

    def pick(self, quantities: Sequence[int], draw: Callable[[], float]) -> tuple[OrderLine, ...]:
        """A line for each quantity, all of different items: whoever has an item already looks for another."""
        bounds, skus, prices = self._bounds, self.skus, self.prices
        end, count = bounds[-1], len(skus)
        taken: dict[int, int] = {}
        for quantity in quantities:
            place = bisect(bounds, draw() * end) % count
            if place in taken:
                place = bisect(bounds, draw() * end) % count
            while place in taken:
                place = int(draw() * count)
            taken[place] = quantity
        return tuple([OrderLine(skus[place], quantity, prices[skus[place]]) for place, quantity in taken.items()])


def _stream(
    demand: Synthetic, dice: Dice, network: Network, shelf: _Shelf, shares: tuple[Split, Split]
) -> Iterator[Purchase]:
    """Purchases one by one, divided among channels and countries; nothing is kept of those that were given out."""
    channels, countries = shares
    people, crowd = Customers(dice, demand.customers), demand.customers
    draw = dice.stream("synthetic", "orders").random
    when = moments(demand.arrivals, network.midnight, dice.stream("synthetic", "arrivals").random)
    fewest, lines = demand.lines[0], demand.lines[1] - demand.lines[0] + 1
    least, units = demand.quantity[0], demand.quantity[1] - demand.quantity[0] + 1
    counts = dict.fromkeys((name for name, _ in channels.shares), 0)
    for at in islice(when, demand.orders or None):
        if at >= network.length:
            return
        channel = channels.at(draw())
        counts[channel] += 1
        order_no = f"{PREFIXES.get(channel) or channel.upper()}-{counts[channel]:06d}"
        customer = people.at(countries.at(draw()), int(draw() * crowd))
        quantities = [least + int(draw() * units) for _ in range(fewest + int(draw() * lines))]
        order = ChannelOrder(order_no, channel, at, customer, demand.currency, shelf.pick(quantities, draw), at)
        yield Purchase(at, channel, order)
