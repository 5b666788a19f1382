"""Shoppers who wait for their parcels and send things back, over HTTP.

To be imported by Locust's processes only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import gevent
import msgspec
from gevent.pool import Group

from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.shop import Arrival, Arrivals, WantReturn
from seatrial.mocks.purchases import Purchase
from seatrial.mocks.whims import Returning, Whims
from seatrial.mocks.wire.load_calls import Caller
from seatrial.mocks.wire.load_plan import Timetable
from seatrial.mocks.wire.load_tally import Counter
from seatrial.sim.cargo import Goods

_EVERY: Final = 0.5
"""Real seconds between two looks at what was delivered."""
_ARRIVALS: Final = msgspec.json.Decoder(Arrivals)


class Unpacking:
    """Remembers orders of which something will come back, looks out for their parcels, and asks for the returns."""

    def __init__(self, caller: Caller, counter: Counter, channels: Mapping[str, str], whims: Whims) -> None:
        self._caller = caller
        self._counter = counter
        self._channels = channels
        self._whims = whims
        self._plans: dict[str, tuple[str, Returning]] = {}
        self._seen = dict.fromkeys(channels, 0)
        self._asks = Group()

    @property
    def waits(self) -> bool:
        """Whether anything may still be sent back."""
        return bool(self._plans) or len(self._asks) > 0

    def expect(self, purchase: Purchase) -> None:
        """An order is on its way to the shop: remember it if something of it will come back."""
        number = purchase.order.order_no
        returning = self._whims.returning(number, purchase.returns)
        if returning is not None:
            self._plans[number] = (purchase.channel, returning)

    def forget(self, order_no: str) -> None:
        """Nothing will come of an order."""
        self._plans.pop(order_no, None)

    def watch(self, time: Timetable, until: float, now: Callable[[], float]) -> None:
        """Look for parcels until a second of the run, as long as anybody waits for one; never returns before."""
        while now() < time.due(until):
            if self._plans:
                for channel in self._channels:
                    for arrival in self._arrived(channel, now()):
                        self._unpack(arrival, time, until, now)
            gevent.sleep(min(_EVERY, max(0.0, time.due(until) - now())))

    def stop(self) -> None:
        """Nobody asks any more."""
        self._asks.kill()

    def _arrived(self, channel: str, due: float) -> list[Arrival]:
        """What has come at a channel since the last look."""
        new: list[Arrival] = []
        while True:
            url = f"{self._channels[channel]}/shop/deliveries?after={self._seen[channel]}"
            answer = self._caller.ask("deliveries", "GET", url, due=due)
            page = _page(answer.body) if not answer.failure else None
            if page is None or not page.deliveries:
                return new
            self._counter.missed += page.deliveries[0].number - self._seen[channel] - 1
            self._seen[channel] = page.last
            new.extend(page.deliveries)

    def _unpack(self, arrival: Arrival, time: Timetable, until: float, now: Callable[[], float]) -> None:
        plan = self._plans.get(arrival.order_no)
        if plan is None:
            return
        channel, returning = plan
        wishes = self._whims.wishes(arrival.order_no, returning, arrival.goods, arrival.at)
        for place, (delay, goods) in enumerate(wishes):
            second, wish_no = arrival.at + delay, f"{arrival.order_no}/{arrival.parcel_no}/{place}"
            if second < until:
                due = time.due(second)
                ask = gevent.spawn_later(
                    max(0.0, due - now()), self._ask, channel, arrival.order_no, goods, wish_no, due
                )
                self._asks.add(ask)
        if returning.over:
            self.forget(arrival.order_no)

    def _ask(self, channel: str, order_no: str, goods: Goods, wish_no: str, due: float) -> None:
        lines = tuple(Units(*line) for line in goods)
        wish = WantReturn(order_no, lines, self._whims.reason(order_no), wish_no)
        url = f"{self._channels[channel]}/shop/returns"
        answer = self._caller.ask("return", "POST", url, msgspec.json.encode(wish), due=due)
        self._counter.returns += not answer.failure


def _page(body: bytes) -> Arrivals | None:
    try:
        return _ARRIVALS.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
