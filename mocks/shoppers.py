"""The shoppers: they buy, change their minds, unpack parcels and send things back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.purchases import Habits, Intent, PlannedReturn, Purchase, StrayReturn
from seatrial.sim.cargo import CUSTOMERS, Cargo, Goods, Parcel, ReturnedGoods
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.latency import sampler
from seatrial.sim.partner import Ground
from seatrial.sim.waits import after

REASONS = ("damaged", "not as described", "not wanted")


class _Plan(msgspec.Struct, gc=False):
    """What will be sent back of an order once it is here; without planned returns a whim decides."""

    channel: Channel
    planned: tuple[PlannedReturn, ...]
    left: list[dict[str, int]]  # units still to be sent back, for each planned return


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
        self._habits = habits
        self._until = until
        self.bought = 0  # orders so far, for whoever watches the run
        self._returns_until = until + habits.late_returns
        self._plans: dict[str, _Plan] = {}
        self._boxes: dict[str, tuple[Channel, Goods]] = {}
        dice = ground.dice
        self._regrets = dice.keyed("shoppers", "cancel")
        self._sends_back = dice.keyed("shoppers", "return")
        self._picks = dice.keyed("shoppers", "pick")
        self._cancel_after = sampler(habits.cancel_after, dice, "shoppers.cancel")
        self._return_after = sampler(habits.return_after, dice, "shoppers.return")
        self._travel = sampler(habits.return_travel, dice, "shoppers.travel")
        self._road.open(CUSTOMERS, self.unpack)
        for channel in channels.values():
            channel.shopper = self

    def start(self) -> None:
        """Begin with the first intent."""
        self._next()

    def unpack(self, cargo: Cargo) -> None:
        """A parcel was delivered."""
        if not isinstance(cargo, Parcel):
            raise HarnessError(f"customers take no {type(cargo).__name__}")
        plan = self._plans.get(cargo.order_no)
        if plan is None:
            return
        if plan.planned:
            self._keep_to_plan(plan, cargo)
        else:
            del self._plans[cargo.order_no]
            self._follow_whim(plan.channel, cargo)

    def order_cancelled(self, order_no: str) -> None:
        """Nothing will come, so nothing will be sent back."""
        self._plans.pop(order_no, None)

    def return_answered(self, rma_no: str, order_no: str, warehouse: str) -> None:
        """Send the goods off, or keep them where the return was not granted."""
        channel, goods = self._boxes.pop(rma_no)
        if warehouse:
            channel.return_shipped(rma_no)
            parcel = ReturnedGoods(rma_no, order_no, goods)
            after(self._env, self._travel(rma_no), self._road.send, warehouse, parcel)

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
        number, habits, returns = purchase.order.order_no, self._habits, purchase.returns
        if habits.cancellations and self._regrets(number) < habits.cancellations:
            after(self._env, self._cancel_after(number), self._cancel, channel, number)
        if returns or (habits.returns and self._sends_back(number) < habits.returns):
            left = [{line.sku: line.quantity for line in planned.lines} for planned in returns]
            self._plans[number] = _Plan(channel, returns, left)

    def _cancel(self, channel: Channel, order_no: str) -> None:
        if self._env.now < self._until:
            channel.request_cancellation(order_no)

    def _lose_patience(self, stray: StrayReturn) -> None:
        """Send goods back without asking anybody."""
        self._road.send(stray.warehouse, ReturnedGoods("", "", stray.goods))

    def _keep_to_plan(self, plan: _Plan, parcel: Parcel) -> None:
        """Ask to return what was planned and has come, each part at its time."""
        here: dict[str, int] = {}
        for sku, units in parcel.goods:
            here[sku] = here.get(sku, 0) + units
        for planned, left in zip(plan.planned, plan.left, strict=True):
            goods = tuple(_take(left, here))
            if goods:
                delay = max(0.0, planned.at - self._env.now)
                after(self._env, delay, self._ask, plan.channel, parcel.order_no, goods)
        if not any(plan.left):
            del self._plans[parcel.order_no]

    def _follow_whim(self, channel: Channel, parcel: Parcel) -> None:
        """Ask to return some units of one line."""
        number, goods = parcel.order_no, parcel.goods
        if goods:
            sku, units = goods[int(self._picks(f"{number}/line") * len(goods))]
            some = 1 + int(self._picks(f"{number}/units") * units)
            after(self._env, self._return_after(number), self._ask, channel, number, ((sku, some),))

    def _ask(self, channel: Channel, order_no: str, goods: Goods) -> None:
        if self._env.now >= self._returns_until:
            return
        reason = REASONS[int(self._picks(f"{order_no}/reason") * len(REASONS))]
        rma_no = channel.request_return(order_no, tuple(Units(*line) for line in goods), reason)
        if rma_no:
            self._boxes[rma_no] = (channel, goods)


def _take(left: dict[str, int], here: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Move units from what has come to what is sent back, up to what is wanted."""
    for sku in list(left):
        units = min(left[sku], here.get(sku, 0))
        if units:
            here[sku] -= units
            left[sku] -= units
            yield sku, units
        if not left[sku]:
            del left[sku]
