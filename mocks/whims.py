"""What shoppers decide: who wants out and when, who sends what back and why; the same for an order in every mode."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from seatrial.mocks.purchases import Habits, PlannedReturn
from seatrial.sim.cargo import Goods
from seatrial.sim.dice import Dice
from seatrial.sim.latency import sampler

REASONS = ("damaged", "not as described", "not wanted")


class Whims:
    """The decisions of all shoppers of a run. Each is drawn by order number: nobody else's order changes it."""

    def __init__(self, dice: Dice, habits: Habits) -> None:
        self._habits = habits
        self._regrets = dice.keyed("shoppers", "cancel")
        self._sends_back = dice.keyed("shoppers", "return")
        self._picks = dice.keyed("shoppers", "pick")
        self._cancel_after = sampler(habits.cancel_after, dice, "shoppers.cancel")
        self._return_after = sampler(habits.return_after, dice, "shoppers.return")
        self._travel = sampler(habits.return_travel, dice, "shoppers.travel")

    def regret(self, order_no: str) -> float | None:
        """Seconds from the sale to the wish to cancel; None: the shopper stays with it."""
        share = self._habits.cancellations
        return self._cancel_after(order_no) if share and self._regrets(order_no) < share else None

    def returning(self, order_no: str, planned: tuple[PlannedReturn, ...]) -> Returning | None:
        """What to remember of an order until it is here; None: all of it is kept."""
        share = self._habits.returns
        if planned or (share and self._sends_back(order_no) < share):
            return Returning(planned, [{line.sku: line.quantity for line in each.lines} for each in planned])
        return None

    def wishes(self, order_no: str, returning: Returning, goods: Goods, now: float) -> Iterator[tuple[float, Goods]]:
        """A parcel is here: what will be sent back of it, each with the seconds until it is asked for."""
        if returning.planned:
            yield from returning.unpack(goods, now)
            return
        returning.over = True
        if goods:
            sku, units = goods[int(self._picks(f"{order_no}/line") * len(goods))]
            some = 1 + int(self._picks(f"{order_no}/units") * units)
            yield self._return_after(order_no), ((sku, some),)

    def reason(self, order_no: str) -> str:
        """Why something is sent back."""
        return REASONS[int(self._picks(f"{order_no}/reason") * len(REASONS))]

    def travel(self, rma_no: str) -> float:
        """Seconds that the goods of a return are on their way to the warehouse."""
        return self._travel(rma_no)


class Returning(msgspec.Struct, gc=False):
    """An order of which something will be sent back. States: waiting for goods, over."""

    planned: tuple[PlannedReturn, ...]
    """What is known to come back; nothing: a whim decides when the first parcel is here."""
    left: list[dict[str, int]]
    """Units still to be sent back, for each planned return."""
    over: bool = False
    """Whether everything that will be sent back is here."""

    def unpack(self, goods: Goods, now: float) -> Iterator[tuple[float, Goods]]:
        """What was planned and has come, each part with the seconds until its time."""
        here: dict[str, int] = {}
        for sku, units in goods:
            here[sku] = here.get(sku, 0) + units
        for planned, left in zip(self.planned, self.left, strict=True):
            back = tuple(_take(left, here))
            if back:
                yield max(0.0, planned.at - now), back
        self.over = not any(self.left)


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
