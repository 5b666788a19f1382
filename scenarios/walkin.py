"""Walk-in customers: an order that somebody wants to see now, with whatever he did not say made up."""

from __future__ import annotations

from math import inf

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.control.words import OrderWish
from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine
from seatrial.scenarios.customers import Customers
from seatrial.sim.assortment import Assortment
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput, UnknownName

_COUNTRY = "United Kingdom"
_LINES, _UNITS, _TRIES = 3, 3, 40


class WalkIn:
    """Completes orders: numbers of a row of their own, customers of the scenario's kind, items that are on offer.

    Raises UnknownName for an item that nobody sells, BadInput for another currency than that of the assortment.
    """

    def __init__(self, assortment: Assortment, dice: Dice, row: str = "LIVE") -> None:
        self._row = row
        self._assortment = assortment
        self._skus = tuple(assortment.items)
        self._people = Customers(dice)
        self._draw = dice.keyed("walk-in")
        self._count = 0

    def complete(self, wish: OrderWish, channel: Channel) -> ChannelOrder:
        """The whole order."""
        currency = self._assortment.currency
        if wish.currency not in ("", currency):
            hint = f"this world trades in {currency}"
            raise BadInput("another currency", value=wish.currency, where="currency", hint=hint)
        for line in wish.lines:
            if line.sku not in self._assortment.items:
                raise UnknownName("unknown item", value=line.sku, known=self._skus, where="lines")
        number = wish.order_no or self._next(channel)
        customer = wish.customer or self._customer(number)
        lines = wish.lines or self._basket(number, channel)
        return ChannelOrder(number, channel.name, 0.0, customer, currency, lines, inf)

    def _next(self, channel: Channel) -> str:
        while True:
            self._count += 1
            number = f"{self._row}-{self._count:04d}"
            if channel.orders.get(number) is None:
                return number

    def _customer(self, number: str) -> Customer:
        return self._people.buyer(_COUNTRY, number)

    def _basket(self, number: str, channel: Channel) -> tuple[OrderLine, ...]:
        """Some items, such as are on offer if any are found."""
        wanted = 1 + int(self._draw(f"{number}/lines") * _LINES)
        picked: dict[str, OrderLine] = {}
        for attempt in range(_TRIES if self._skus else 0):
            sku = self._skus[int(self._draw(f"{number}/item/{attempt}") * len(self._skus))]
            on_offer = channel.listings.level(sku)
            if on_offer and sku not in picked:
                units = min(on_offer, 1 + int(self._draw(f"{number}/units/{attempt}") * _UNITS))
                picked[sku] = OrderLine(sku, units, self._assortment.items[sku].price)
            if len(picked) == wanted:
                break
        return tuple(picked.values())
