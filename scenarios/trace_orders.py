"""From order lines to orders: one order a number, one line an item, nothing that no warehouse stocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from seatrial.scenarios.trace_file import TraceLine
from seatrial.sim.errors import BadInput


class Window(NamedTuple):
    """A part of a trace."""

    start: datetime
    """First moment in it."""
    stop: datetime
    """First moment behind it."""

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.stop:%Y-%m-%d %H:%M}"

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.stop - self.start).total_seconds()

    def check(self) -> None:
        """Raises BadInput for a window without a moment in it."""
        if self.stop <= self.start:
            raise BadInput("the window of the trace ends before it begins", value=str(self))


class RealLine(msgspec.Struct, gc=False):
    """So many units of one SKU."""

    sku: str
    """Stock keeping unit."""
    units: int
    """Units; those of a second line of the same SKU are added."""
    price: int
    """Price of a unit in minor units: that of the first line of the SKU."""


class Account(msgspec.Struct):
    """What a window of the trace held, and what of it is not played: units and minor units add up to the file's."""

    orders: int = 0
    """Order numbers or credit notes, those without goods included."""
    without_goods: int = 0
    """Order numbers of which nothing is left, because they held charges only."""
    units: int = 0
    """Units on all lines."""
    amount: int = 0
    """Minor units of all lines."""
    charge_units: int = 0
    """Units on lines of charges: postage, fees, corrections by hand. Nothing a warehouse stocks, so left out."""
    charge_amount: int = 0
    """Minor units of lines of charges."""
    joined: int = 0
    """Lines that were joined with an earlier one of the same SKU and order."""
    repriced: int = 0
    """Minor units by which orders grew because joined lines take the price of the first."""


class RealOrder(msgspec.Struct, gc=False):
    """An order, or a credit note, put together from its lines."""

    number: str
    """Its number in the trace."""
    at: datetime
    """Earliest time on any of its lines."""
    country: str
    """Country of the customer."""
    lines: dict[str, RealLine] = {}
    """Its lines by SKU, in the order of the file; empty where it held charges only."""
    account: Account = msgspec.field(default_factory=Account)
    """What its lines were, and what was left out."""


def is_charge(sku: str, patterns: Sequence[str]) -> bool:
    """Whether a SKU stands for a charge."""
    return any(fnmatchcase(sku, pattern) for pattern in patterns)


def orders_of(lines: Iterable[TraceLine], charges: Sequence[str]) -> list[RealOrder]:
    """All orders of a trace in the order of time. Raises BadInput where it has none."""
    known: dict[str, RealOrder] = {}
    charge: dict[str, bool] = {}
    for line in lines:
        order = known.get(line.order_id)
        if order is None:
            order = known[line.order_id] = RealOrder(line.order_id, line.at, line.country)
        elif line.at < order.at:
            order.at = line.at
        if line.sku not in charge:
            charge[line.sku] = is_charge(line.sku, charges)
        _enter(order, line, charge[line.sku])
    if not known:
        raise BadInput("the trace has no lines")
    return sorted(known.values(), key=lambda order: order.at)


def cut(orders: Sequence[RealOrder], window: Window) -> list[RealOrder]:
    """The orders whose earliest line lies in the window. Raises BadInput where there are none."""
    inside = [order for order in orders if window.start <= order.at < window.stop]
    if not inside:
        hint = f"the trace runs from {orders[0].at:%Y-%m-%d %H:%M} to {orders[-1].at:%Y-%m-%d %H:%M}"
        raise BadInput("no orders in the window of the trace", value=str(window), hint=hint)
    return inside


def account_of(orders: Iterable[RealOrder]) -> Account:
    """The sum of the accounts of some orders."""
    total = Account()
    for order in orders:
        total.orders += 1
        total.without_goods += not order.lines
        for name in ("units", "amount", "charge_units", "charge_amount", "joined", "repriced"):
            setattr(total, name, getattr(total, name) + getattr(order.account, name))
    return total


def _enter(order: RealOrder, line: TraceLine, charge: bool) -> None:
    account, units, amount = order.account, line.quantity, line.quantity * line.price
    account.units += units
    account.amount += amount
    if charge:
        account.charge_units += units
        account.charge_amount += amount
        return
    known = order.lines.get(line.sku)
    if known is None:
        order.lines[line.sku] = RealLine(line.sku, units, line.price)
        return
    known.units += units
    account.joined += 1
    account.repriced += units * known.price - amount
