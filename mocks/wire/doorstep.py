"""The customers' doorsteps: what was delivered at each channel, by rising number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.shop import Arrival, Arrivals
from seatrial.sim.cargo import Parcel
from seatrial.sim.errors import Rejected

_PAGE: Final = 500
_KEPT: Final = 50_000
_HOMES: Final = 200_000


class Doorstep:
    """A log of arrivals for each channel, bounded: the newest 50,000 can be asked for, and a gap in the numbers shows.

    It remembers the channels of the newest 200,000 orders; those of older ones are looked for in the order books.
    """

    def __init__(self, channels: Mapping[str, Channel], kept: int = _KEPT, page: int = _PAGE) -> None:
        self._channels = channels
        self._kept = kept
        self._page = page
        self._homes: dict[str, str] = {}
        self._logs: dict[str, list[Arrival]] = {name: [] for name in channels}
        self._counts = dict.fromkeys(channels, 0)

    def expect(self, order_no: str, channel: str) -> None:
        """An order was placed: its parcels belong to this channel."""
        if len(self._homes) >= _HOMES:
            del self._homes[next(iter(self._homes))]
        self._homes[order_no] = channel

    def knows(self, order_no: str) -> bool:
        """Whether an order is expected, at any channel."""
        return order_no in self._homes

    def forget(self, order_no: str) -> None:
        """Nothing will come of an order."""
        self._homes.pop(order_no, None)

    def leave(self, parcel: Parcel, now: float) -> None:
        """A parcel is here; one that belongs to no order of anybody is left lying."""
        number = parcel.order_no
        channel = self._homes.get(number) or self._found(number)
        if not channel:
            return
        count = self._counts[channel] = self._counts[channel] + 1
        log = self._logs[channel]
        log.append(Arrival(count, number, parcel.parcel_no, parcel.goods, now))
        if len(log) >= 2 * self._kept:
            del log[: -self._kept]

    def arrivals(self, channel: str, after: int) -> Arrivals:
        """A page of arrivals behind a number; what is not kept any more is left out."""
        log = self._logs[channel]
        first = log[0].number if log else self._counts[channel] + 1
        begin = max(0, after + 1 - first)
        page = tuple(log[begin : begin + self._page])
        return Arrivals(page, page[-1].number if page else self._counts[channel])

    def _found(self, order_no: str) -> str:
        return next((name for name, each in self._channels.items() if each.orders.get(order_no) is not None), "")


def whole(query: Mapping[str, str], name: str, otherwise: int) -> int:
    """A whole number of a query, zero or above. Raises Rejected (400 `invalid_request`)."""
    text = query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Rejected("invalid_request", f"{name} takes a whole number, zero or above, not {text[:40]!r}", status=400)
    return int(text)
