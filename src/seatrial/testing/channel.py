"""A sales channel at hand: a test is its shopper."""

from __future__ import annotations

from typing import Final

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.control.words import OrderWish, channel_of
from seatrial.mocks.messages.orders import ChannelOrder, OrderLine, Units
from seatrial.sim.errors import BadInput, Rejected, UnknownName
from seatrial.testing.basin import Basin
from seatrial.testing.partner import PartnerAtHand
from seatrial.testing.teaching import shown_at_the_test

_TELLING: Final = 5.0
"""Seconds of virtual time in which a channel that tells has told."""


class ChannelAtHand(PartnerAtHand):
    """A channel at which a test buys, changes its mind and sends back. Raises BadInput for what it cannot buy."""

    def __init__(self, basin: Basin, name: str) -> None:
        super().__init__(basin, name)
        assert isinstance(self._partner, Channel)
        self._channel: Channel = self._partner
        self._sold: dict[str, ChannelOrder] = {}

    @shown_at_the_test
    def sell(self, sku: str = "", quantity: int = 1, *, order_no: str = "") -> ChannelOrder:
        """Place an order, and let the moments pass until a poller can read of it, or its webhook has come.

        Without a SKU some that are on offer are bought. A webhook that a fault keeps back comes later: see `pass_time`.
        """
        _check_units(quantity)
        wish = OrderWish(self.name, order_no=order_no, lines=self._lines(sku, quantity))
        try:
            channel = channel_of(wish, self._basin.world.partners)
        except Rejected as error:
            raise BadInput("the channel does not take this order", value=str(error)) from error
        order = channel.place(self._basin.walk_in.complete(wish, channel))
        if order is None:
            hint = "`partners.skus` names all; what was sold already is gone"
            raise BadInput("nothing of it is on offer", value=sku or "any SKU", hint=hint)
        self._sold[order.order_no] = order
        self._tell(order.order_no, 0)
        return order

    @shown_at_the_test
    def cancel(self, order_no: str) -> bool:
        """The shopper wants out; False where the channel offers that no more. Raises BadInput for what was not sold."""
        self._check_sold(order_no)
        before = self._told(order_no)
        asked = self._channel.request_cancellation(order_no)
        if asked:
            self._tell(order_no, before)
        return asked

    @shown_at_the_test
    def send_back(self, order_no: str, sku: str, quantity: int = 1, *, reason: str = "unwanted") -> str:
        """The shopper wants to send goods back; gives the return number, empty where the order is known no more.

        Raises BadInput for goods that were not sold.
        """
        bought = {line.sku: line.quantity for line in self._check_sold(order_no).lines}
        if sku not in bought:
            raise UnknownName("not bought with this order", value=sku, known=tuple(bought), where="sku")
        _check_units(quantity, bought[sku])
        before = self._told(order_no)
        rma_no = self._channel.request_return(order_no, (Units(sku, quantity),), reason)
        if rma_no:
            self._tell(order_no, before)
        return rma_no

    def _check_sold(self, order_no: str) -> ChannelOrder:
        """Who gave a wrong number would see no harm done by a wish that nobody has."""
        if order_no not in self._sold:
            raise UnknownName("no such order", value=order_no, known=tuple(self._sold), where="order_no")
        return self._sold[order_no]

    def _lines(self, sku: str, quantity: int) -> tuple[OrderLine, ...]:
        if not sku:
            return ()
        items = self._basin.world.ground.assortment.items
        if sku not in items:
            raise UnknownName("nobody sells this", value=sku, known=tuple(items))
        return (OrderLine(sku, quantity, items[sku].price),)

    def _tell(self, order_no: str, before: int) -> None:
        """Until a list shows it, and until one more webhook has come where the channel tells."""
        self._basin.pass_time(float(self._channel.conduct.reads.visibility_lag))
        if self._channel.events:
            self._basin.pass_until(lambda: self._told(order_no) > before, _TELLING)

    def _told(self, order_no: str) -> int:
        return self._basin.doorstep.count(self.name, order_no)


def _check_units(quantity: object, most: int | None = None) -> None:
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise BadInput("a shopper has whole units", value=quantity, where="quantity", hint="give 1 or more")
    if most is not None and quantity > most:
        raise BadInput("more than was bought", value=quantity, where="quantity", hint=f"give {most} or less")
