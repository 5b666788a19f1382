"""Demand order by order: a handful of orders, each written down with what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import msgspec

from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine, Units
from seatrial.mocks.purchases import Habits, PlannedReturn, Purchase
from seatrial.scenarios.customers import Customers
from seatrial.scenarios.season import Network, Season
from seatrial.sim.assortment import Assortment, Item
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.latency import Latency
from seatrial.sim.quantities import MOST, Seconds, check_counted, check_worth
from seatrial.sim.units import MINOR_DIGITS

_DAY = 86_400.0
_COUNTRY = "United Kingdom"
_HABITS = Habits()
_PRICE = 1000


class ListedOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order that a shopper places."""

    order: str
    """Order number: the business key of the whole flow."""
    at: Seconds
    """Time after the start of the run at which it is placed."""
    channel: str
    """Name of the channel."""
    lines: dict[str, int]
    """Units by SKU."""
    cancel_after: Seconds | None = None
    """Time from the sale to the wish to cancel; none: the shopper stays with it."""
    back: dict[str, int] = {}
    """Units by SKU that are sent back once they are here."""


class ListedItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item on sale."""

    price: int = _PRICE
    """Price of a unit, minor units."""
    stock: dict[str, int] = {}
    """Units by warehouse when the run begins; empty: `stock` of the demand in each."""


class OrderList(msgspec.Struct, frozen=True, tag_field="kind", tag="orders", forbid_unknown_fields=True):
    """Orders one by one, as they are written: what a search finds is told in them. Customers are made up."""

    orders: tuple[ListedOrder, ...]
    """The orders, the earliest first."""
    items: dict[str, ListedItem] = {}
    """Items by SKU, where something about them is not the usual; those that orders name are on sale in any case."""
    stock: int = 100
    """Units of an item in each warehouse when the run begins."""
    currency: str = "GBP"
    """ISO 4217 code."""
    cover: Seconds = Seconds(10 * _DAY)
    """Seconds of demand that the stock to begin with is meant for: what suppliers go by."""
    return_travel: Latency = _HABITS.return_travel
    """Seconds that returned goods travel to the warehouse."""
    late_returns: Seconds = _HABITS.late_returns
    """Seconds after the end of the demand during which shoppers still ask to send something back."""

    def season(self, dice: Dice, network: Network) -> Season:
        """Make the demand ready for a run. Raises BadInput for orders that nobody could place."""
        self._check(network)
        items = {sku: self._item(sku, network) for sku in self._skus()}
        return Season(
            assortment=Assortment(self.currency, items),
            intents=self._purchases(items),
            habits=Habits(return_travel=self.return_travel, late_returns=self.late_returns),
            cover=float(self.cover),
            written_out=True,
        )

    def _skus(self) -> list[str]:
        return sorted({*self.items, *(sku for order in self.orders for sku in order.lines)})

    def _item(self, sku: str, network: Network) -> Item:
        listed = self.items.get(sku) or ListedItem()
        return Item(sku, listed.price, listed.stock or dict.fromkeys(network.warehouses, self.stock))

    def _price(self, sku: str) -> int:
        return self.items[sku].price if sku in self.items else _PRICE

    def _purchases(self, items: Mapping[str, Item]) -> Iterator[Purchase]:
        for each in self.orders:
            lines = tuple([OrderLine(sku, units, items[sku].price) for sku, units in each.lines.items()])
            at = float(each.at)
            order = ChannelOrder(each.order, each.channel, at, _customer(each.order), self.currency, lines, at)
            units = tuple([Units(sku, count) for sku, count in each.back.items()])
            back = (PlannedReturn(at, units),) if units else ()
            wish = None if each.cancel_after is None else float(each.cancel_after)
            yield Purchase(at, each.channel, order, back, wish)

    def _check(self, network: Network) -> None:
        if self.currency not in MINOR_DIGITS:
            raise BadInput("unknown currency", value=self.currency, known=sorted(MINOR_DIGITS))
        if not 0 <= self.stock <= MOST or not self.cover > 0:
            hint = f"stock from 0 to {MOST}, cover above 0 s"
            raise BadInput(
                "a figure of the demand is out of its range", value=f"{self.stock}, {self.cover:g} s", hint=hint
            )
        for sku, item in self.items.items():
            with _inside(f".items.{sku}"):
                _check_item(sku, item, network)
        self._check_orders(network)

    def _check_orders(self, network: Network) -> None:
        taken: set[str] = set()
        earliest = 0.0
        for place, order in enumerate(self.orders):
            with _inside(f".orders[{place}]"):
                _check_order(order, network, earliest)
                if order.order in taken:
                    hint = "give each an `order` of its own"
                    raise BadInput("two orders have one number", value=order.order, hint=hint)
                worth = sum(self._price(sku) * units for sku, units in order.lines.items())
                check_worth(f"order {order.order}", worth)
            taken.add(order.order)
            earliest = float(order.at)


@contextmanager
def _inside(part: str) -> Iterator[None]:
    """Errors name the order or item that they are about."""
    try:
        yield
    except BadInput as error:
        raise error.inside(part) from None


def _check_item(sku: str, item: ListedItem, network: Network) -> None:
    for name in item.stock:
        if name not in network.warehouses:
            raise UnknownName(f"unknown warehouse in the stock of {sku}", value=name, known=network.warehouses)
    check_counted(f"the price of {sku}", item.price)
    check_counted(f"the stock of {sku}", *item.stock.values())


def _check_order(order: ListedOrder, network: Network, earliest: float) -> None:
    if not order.order.strip():
        raise BadInput("an order needs a number", value=order.order, hint="such as `order: MP-000001`")
    if order.channel not in network.channels:
        raise UnknownName(f"order {order.order} is placed at no channel", value=order.channel, known=network.channels)
    if not order.lines or min(order.lines.values()) < 1 or min(order.back.values(), default=1) < 1:
        raise BadInput(
            f"order {order.order} needs lines of 1 unit or more", value=order.lines, hint="lines: {SKU-1: 2}"
        )
    stray = next((sku for sku in order.back if sku not in order.lines), None)
    if stray is not None:
        raise UnknownName(f"order {order.order} sends back what it did not buy", value=stray, known=order.lines)
    check_counted(f"a line of order {order.order}", *order.lines.values())
    more = next((sku for sku, units in order.back.items() if units > order.lines[sku]), None)
    if more is not None:
        what = f"order {order.order} sends back more of {more} than it bought"
        raise BadInput(what, value=order.back[more], hint=f"it bought {order.lines[more]}")
    if not earliest <= order.at < network.length:
        hint = f"the demand lasts {network.length:g} s; write the earliest order first"
        raise BadInput(f"order {order.order} comes too early or too late", value=f"{order.at:g} s", hint=hint)


@lru_cache(maxsize=4096)
def _customer(order_no: str) -> Customer:
    """Who places an order: the same person in every run, whatever its seed, so that he is made up once."""
    return Customers(Dice(0)).buyer(_COUNTRY, order_no)
