"""Writing a demand out: its first orders as a list, each with what would have become of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

from seatrial.mocks.purchases import Intent, Purchase
from seatrial.mocks.whims import Whims
from seatrial.scenarios.order_list import ListedItem, ListedOrder, OrderList
from seatrial.scenarios.season import Season
from seatrial.sim.dice import Dice
from seatrial.sim.quantities import Seconds


def written_out(season: Season, count: int, dice: Dice) -> OrderList:
    """The first `count` orders of a season, as they are written; what nobody of them buys is left out.

    Moments are rounded to milliseconds. A return that a whim would have decided on becomes one unit of the first line,
    sent back on arrival. Goods that come back unannounced belong to no order and are left out.
    """
    whims = Whims(dice, season.habits)
    orders = tuple(_listed(each, whims) for each in islice(_purchases(season.intents), count))
    known = season.assortment.items
    skus = sorted({sku for order in orders for sku in order.lines})
    return OrderList(
        orders=orders,
        items={sku: ListedItem(known[sku].price, dict(known[sku].stock)) for sku in skus},
        currency=season.assortment.currency,
        cover=Seconds(season.cover),
        return_travel=season.habits.return_travel,
        late_returns=season.habits.late_returns,
    )


def needed(orders: OrderList) -> OrderList:
    """The same list without items that none of its orders name."""
    named = {sku for order in orders.orders for sku in order.lines}
    items = {sku: item for sku, item in orders.items.items() if sku in named}
    return msgspec.structs.replace(orders, items=items)


def _purchases(intents: Iterable[Intent]) -> Iterable[Purchase]:
    return (each for each in intents if isinstance(each, Purchase))


def _listed(purchase: Purchase, whims: Whims) -> ListedOrder:
    order, number = purchase.order, purchase.order.order_no
    lines = {line.sku: line.quantity for line in order.lines}
    wish = purchase.cancel_after if purchase.cancel_after is not None else whims.regret(number)
    return ListedOrder(
        order=number,
        at=Seconds(round(purchase.at, 3)),
        channel=purchase.channel,
        lines=lines,
        cancel_after=None if wish is None else Seconds(round(wish, 3)),
        back=_back(purchase, lines, whims),
    )


def _back(purchase: Purchase, lines: dict[str, int], whims: Whims) -> dict[str, int]:
    """What of an order will be sent back, in all."""
    if whims.returning(purchase.order.order_no, purchase.returns) is None:
        return {}
    back: dict[str, int] = {}
    for planned in purchase.returns:
        for line in planned.lines:
            back[line.sku] = back.get(line.sku, 0) + line.quantity
    return {sku: min(units, lines[sku]) for sku, units in back.items() if sku in lines} or {next(iter(lines)): 1}
