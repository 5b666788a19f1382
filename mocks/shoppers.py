"""The shoppers: they buy, change their minds, unpack parcels and send things back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.purchases import Habits, Intent, Purchase, StrayReturn
from seatrial.mocks.whims import Returning, Whims
from seatrial.sim.cargo import CUSTOMERS, Cargo, Goods, Parcel, ReturnedGoods
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.partner import Ground
from seatrial.sim.waits import after


class Shoppers:
    """Everybody who buys in a run, fed by a stream of intents in the order of time.

    They buy and ask to cancel until a given second, and ask for returns until then or a little longer; goods that a
    channel has told them to send back still travel. Nobody sends back more than a parcel held. What is remembered of
    an order that was placed is its return, where there will be one, and nothing else.

    Raises BadInput for an intent at a channel that is not in the world, HarnessError for intents out of order.
    """

    def __init__(
        self, ground: Ground, channels: Mapping[str, Channel], intents: Iterator[Intent], habits: Habits, until: float
    ) -> None:
        self._env = ground.env
        self._road = ground.road
        self._channels = channels
        self._intents = intents
        self._until = until
        self.bought = 0  # orders so far, for whoever watches the run
        self._returns_until = until + habits.late_returns
        self._too_late: dict[str, None] = {}
        self._plans: dict[str, tuple[Channel, Returning]] = {}
        self._boxes: dict[str, tuple[Channel, Goods]] = {}
        self._whims = Whims(ground.dice, habits)
        self._road.open(CUSTOMERS, self.unpack)
        for channel in channels.values():
            channel.shopper = self

    def start(self) -> None:
        """Begin with the first intent."""
        self._next()

    @property
    def kept(self) -> tuple[str, ...]:
        """Orders of which something was to be sent back and was not, so far: it came too late for that, or not yet."""
        waiting = (number for number, (_, returning) in self._plans.items() if returning.planned)
        return tuple(dict.fromkeys((*self._too_late, *waiting)))

    def unpack(self, cargo: Cargo) -> None:
        """A parcel was delivered."""
        if not isinstance(cargo, Parcel):
            raise HarnessError(f"customers take no {type(cargo).__name__}")
        number, plan = cargo.order_no, self._plans.get(cargo.order_no)
        if plan is None:
            return
        channel, returning = plan
        for delay, goods in self._whims.wishes(number, returning, cargo.goods, self._env.now):
            after(self._env, delay, self._ask, channel, number, goods)
            if returning.planned and self._env.now + delay >= self._returns_until:
                self._too_late[number] = None
        if returning.over:
            del self._plans[number]

    def order_cancelled(self, order_no: str) -> None:
        """Nothing will come, so nothing will be sent back."""
        self._plans.pop(order_no, None)

    def return_answered(self, rma_no: str, order_no: str, warehouse: str) -> None:
        """Send the goods off, or keep them where the return was not granted."""
        channel, goods = self._boxes.pop(rma_no)
        if warehouse:
            channel.return_shipped(rma_no)
            parcel = ReturnedGoods(rma_no, order_no, goods)
            after(self._env, self._whims.travel(rma_no), self._road.send, warehouse, parcel)

    def _next(self) -> None:
        intent = next(self._intents, None)
        if intent is not None and intent.at < self._until:
            delay = intent.at - self._env.now
            if delay < 0:
                raise HarnessError(f"the demand goes back in time: {intent.at} s after {self._env.now} s")
            after(self._env, delay, self._act, intent)

    def _act(self, intent: Intent) -> None:
        if isinstance(intent, Purchase):
            self._buy(intent)
        else:
            self._lose_patience(intent)
        self._next()

    def _buy(self, purchase: Purchase) -> None:
        channel = self._channels.get(purchase.channel)
        if channel is None:
            raise BadInput("no such channel for a purchase", value=purchase.channel, known=self._channels)
        if channel.place(purchase.order) is None:
            return
        self.bought += 1
        number, delay = purchase.order.order_no, purchase.cancel_after
        if delay is None:
            delay = self._whims.regret(number)
        if delay is not None:
            after(self._env, delay, self._cancel, channel, number)
        returning = self._whims.returning(number, purchase.returns)
        if returning is not None:
            self._plans[number] = (channel, returning)

    def _cancel(self, channel: Channel, order_no: str) -> None:
        if self._env.now < self._until:
            channel.request_cancellation(order_no)

    def _lose_patience(self, stray: StrayReturn) -> None:
        """Send goods back without asking anybody."""
        self._road.send(stray.warehouse, ReturnedGoods("", "", stray.goods))

    def _ask(self, channel: Channel, order_no: str, goods: Goods) -> None:
        if self._env.now >= self._returns_until:
            return
        lines = tuple(Units(*line) for line in goods)
        rma_no = channel.request_return(order_no, lines, self._whims.reason(order_no))
        if rma_no:
            self._boxes[rma_no] = (channel, goods)
