"""Demand from a real trace: a window of real orders and returns, played again at its own pace or faster."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Literal

import msgspec

from seatrial.mocks.purchases import Habits
from seatrial.scenarios.customers import Customers
from seatrial.scenarios.season import Network, Season
from seatrial.scenarios.shares import split
from seatrial.scenarios.trace_file import find_trace, read_trace
from seatrial.scenarios.trace_orders import RealOrder, Window, account_of, cut, orders_of
from seatrial.scenarios.trace_play import Playback, common_prices, shelves
from seatrial.scenarios.trace_returns import Matches, match_returns
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.latency import Latency
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.units import MINOR_DIGITS, Money

CHARGES = ("POST", "DOT", "C2", "C3", "D", "M", "S", "B", "CRUK", "BANK CHARGES", "AMAZONFEE", "gift_*")
"""What stands in the column of SKUs and is no goods: postage, fees, corrections by hand, vouchers."""
_LONGEST = 100 * 365 * 86_400.0  # seconds of a window without an end
_HABITS = Habits()


class Trace(msgspec.Struct, frozen=True, tag_field="kind", tag="trace", forbid_unknown_fields=True):
    """Real orders and the real returns that belong to them.

    An order is placed at the earliest time on its lines. Lines of the same SKU are joined, at the price of the first.
    Charges are left out. A credit note names no order: it is matched with earlier orders of the window from the same
    country, and what cannot be matched arrives at a warehouse unannounced.
    """

    orders: str = "online-retail-peak-orders"
    """Name of a trace that comes with Seatrial, or path of a CSV file: order_id, ts, sku, qty, price, country."""
    returns: str = "online-retail-peak-returns"
    """The same for credit notes, with quantities below zero; empty: nothing comes back."""
    start: datetime | None = None
    """First moment of the window; none: the start of the run."""
    stop: datetime | None = None
    """First moment behind it; none: as much as the run has time for."""
    speed_up: float = 1.0
    """How many times faster than in real life orders come."""
    prices: Literal["as_sold", "list"] = "as_sold"
    """Whether orders carry the price on their lines, or the one at which the SKU was sold most often."""
    charges: tuple[str, ...] = CHARGES
    """SKUs, or patterns of them, that are no goods and are left out."""
    currency: str = "GBP"
    """ISO 4217 code."""
    channels: dict[str, Share] = {}
    """Share of the orders by channel; empty: the same for all."""
    warehouses: dict[str, Share] = {}
    """Share of the stock by warehouse; empty: the same for all."""
    customers: int = 500
    """Customers in each country."""
    cover: Seconds = Seconds(10 * 86_400)
    """Seconds of the window's average demand that the stock to begin with lasts for."""
    cancellations: Share = Share(0)
    """Share of the orders that the shopper wants to cancel."""
    cancel_after: Latency = _HABITS.cancel_after
    """Seconds from the sale to that wish."""
    return_travel: Latency = _HABITS.return_travel
    """Seconds that returned goods travel to the warehouse."""
    late_returns: Seconds = _HABITS.late_returns
    """Seconds after the end of the demand during which shoppers still ask to send something back."""

    def season(self, dice: Dice, network: Network) -> Season:
        """Make the demand ready for a run. Raises BadInput for a bad file or window, and figures that make no sense."""
        self._check()
        window = self._window(network)
        channels = split("channels", self.channels, network.channels)
        warehouses = split("warehouses", self.warehouses, network.warehouses)
        orders = cut(self._read(self.orders, network, returns=False), window)
        notes = self._credit_notes(network, window)
        matches = match_returns(orders, notes)
        prices = common_prices(orders, notes)
        asked = prices if self.prices == "list" else None
        customers = Customers(dice, self.customers)
        playback = Playback(window.start, self.speed_up, self.currency, customers, channels, warehouses, asked)
        return Season(
            assortment=shelves(orders, prices, self.speed_up * self.cover, warehouses, self.currency),
            intents=playback.intents(orders, matches, dice),
            habits=Habits(
                cancellations=self.cancellations,
                cancel_after=self.cancel_after,
                return_travel=self.return_travel,
                late_returns=self.late_returns,
            ),
            cover=self.cover,
            notes=tuple(self._notes(window, orders, notes, matches)),
        )

    def _check(self) -> None:
        if self.currency not in MINOR_DIGITS:
            raise BadInput("unknown currency", value=self.currency, known=sorted(MINOR_DIGITS))
        if not 0 < self.speed_up < inf or not 0 < self.cover < inf or self.customers < 1:
            value = f"speed_up {self.speed_up:g}, cover {self.cover:g} s, customers {self.customers}"
            hint = "speed_up and cover above zero, customers from 1"
            raise BadInput("a figure of the demand is out of its range", value=value, hint=hint)

    def _window(self, network: Network) -> Window:
        start = _local(self.start or network.start)
        length = timedelta(seconds=min(network.length * self.speed_up, _LONGEST))
        window = Window(start, _local(self.stop) if self.stop else start + length)
        window.check()
        return window

    def _read(self, name: str, network: Network, *, returns: bool) -> list[RealOrder]:
        file = find_trace(name, network.folder)
        try:
            return orders_of(read_trace(file, MINOR_DIGITS[self.currency], returns=returns), self.charges)
        except BadInput as error:
            raise error.at(str(file)) from None

    def _credit_notes(self, network: Network, window: Window) -> list[RealOrder]:
        notes = self._read(self.returns, network, returns=True) if self.returns else []
        return [note for note in notes if window.start <= note.at < window.stop]

    def _notes(
        self, window: Window, orders: list[RealOrder], notes: list[RealOrder], matches: Matches
    ) -> Iterator[str]:
        sold, back = account_of(orders), account_of(notes)
        yield f"{sold.orders} orders of {sold.units} units for {self._money(sold.amount)}, {window}"
        charges = self._money(sold.charge_amount)
        yield f"{sold.without_goods} orders and {sold.charge_units} units ({charges}) left out: charges"
        yield f"{sold.joined} lines joined with an earlier one of their SKU; at its price: {self._money(sold.repriced)}"
        yield (
            f"{back.orders} credit notes of {-back.units} units: {matches.matched_units} come back of known orders, "
            f"{matches.stray_units} unannounced, {-back.charge_units} are charges"
        )

    def _money(self, minor: int) -> str:
        return str(Money(minor, self.currency))


def _local(moment: datetime) -> datetime:
    """Times of a trace carry no zone; those of a scenario may: a run keeps UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
