"""How a warehouse's stock goes wrong, is found out, comes in and comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.books.bin_stock import BinStock
from seatrial.mocks.books.stock_check import CycleCount, Loss
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import (
    ExpectReturn,
    ReturnReceived,
    StockMoved,
)
from seatrial.sim.call import INSIDE, Call
from seatrial.sim.cargo import Delivery, Parcel, ReturnedGoods
from seatrial.sim.errors import HarnessError
from seatrial.sim.fate import Fate, Shorten
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.quantities import PerSecond, Seconds, Share

HOUR = 3600.0
DAY = 24 * HOUR


class Half(Fault, frozen=True):
    """Half of the units is missing."""

    direction = INSIDE

    def decide(self, call: Call, now: float, dice: Draw) -> Fate | None:
        return Shorten(0.5)


def test_a_fault_shortens_a_pick(new_yard: Any) -> None:
    """A struck pick packs less, tells what is short, and writes the missing units off."""
    yard = new_yard(rules=(Rule("short", Half(), at="north.pick"),))
    yard.release(A=4, B=3)
    yard.env.run(600)
    state = yard.state()
    assert (state.packed, state.short) == ((Units("B", 3),), (Units("A", 4),))
    assert (yard.levels("A"), yard.levels("B")) == ((96, 0), (50, 3))
    (moved,) = yard.bodies(StockMoved)
    assert (moved.moves, moved.reason, moved.order_no) == ((Units("A", -4),), "shrunk", "O-1")
    assert [row["quantity"] for row in yard.rows("event", "fulfilment.shorted")] == [4]
    assert [row["outcome"] for row in yard.rows("fault")] == ["mattered"]


def test_shrinkage_is_unknown_until_somebody_looks(new_yard: Any) -> None:
    """Vanished units stay in the record until a pick finds the shelf short; then the record is true again."""
    yard = new_yard(losses=(Loss(at=Seconds(10), units=Share(0.97)),))
    yard.env.run(20)
    assert yard.levels("A") == (100, 0)
    assert [(row["key"], row["quantity"]) for row in yard.rows("stock", "physical")] == [("A", 3), ("B", 1)]
    yard.release(A=10)
    yard.env.run(600)
    assert (yard.state().packed, yard.state().short) == ((Units("A", 3),), (Units("A", 7),))
    assert yard.levels("A") == (3, 3)
    assert [row["quantity"] for row in yard.rows("event", "inventory.adjusted")] == [-97]
    assert [row["quantity"] for row in yard.rows("event", "inventory.shrunk")] == [97, 49]


def test_stock_creeps_away_at_its_rate(new_yard: Any) -> None:
    """Units vanish one by one, about as many as the rate says, and never more than there are."""
    slow, fast = new_yard(shrink_rate=PerSecond(2 / HOUR)), new_yard(shrink_rate=PerSecond(1))
    for yard in (slow, fast):
        yard.env.run(20 * HOUR)
    assert 10 <= len(slow.rows("event", "inventory.shrunk")) <= 40
    assert [fast.house.stock.find(sku).shelf for sku in "ABC"] == [0, 0, 0]
    assert fast.levels("A") == (100, 0)


def test_a_release_of_which_nothing_is_found_is_rejected(new_yard: Any) -> None:
    """An empty shelf ends the release: told as shorted, in the books as rejected, its document reversed."""
    yard = new_yard(losses=(Loss(at=Seconds(10), units=Share(1)),))
    yard.env.run(20)
    yard.release(A=10)
    yard.env.run(600)
    assert (yard.state().stage, yard.levels("A")) == ("rejected", (0, 0))
    assert [notice.event for notice in yard.told if notice.event.startswith("fulfilment")] == ["fulfilment.shorted"]
    assert [row["outcome"] for row in yard.rows("commit")] == ["created", "reversed"]
    assert len(yard.rows("event", "fulfilment.rejected")) == 1


def test_a_count_finds_what_is_missing_and_cuts_the_newest_promises(new_yard: Any) -> None:
    """A cycle count brings the record down to the shelf; the newest releases that it cannot fill are shortened."""
    yard = new_yard(
        losses=(Loss(at=Seconds(10), units=Share(0.5)),), count_every=Seconds(60), count_share=Share(1), pickers=1
    )
    yard.release("O-1/R1", A=30)
    yard.release("O-2/R1", A=30)
    yard.release("O-3/R1", A=30)
    yard.env.run(61)
    assert yard.levels("A") == (50, 50)
    (moved,) = yard.bodies(StockMoved)
    assert (moved.moves, moved.reason) == ((Units("A", -50), Units("B", -25)), "counted")
    yard.env.run(HOUR)
    assert [yard.state(f"O-{n}/R1").packed for n in (1, 2)] == [(Units("A", 30),), (Units("A", 20),)]
    assert yard.state("O-3/R1").stage == "rejected"


def test_a_count_leaves_parcels_alone(new_yard: Any) -> None:
    """Promises are cut where goods still lie on the shelf, also where a newer release was quicker to be picked."""
    losses = (Loss(at=Seconds(100), units=Share(1)),)
    yard = new_yard(pickers=2, losses=losses, count_every=Seconds(110), count_share=Share(1))
    yard.release("O-1/R1", A=95)
    yard.release("O-2/R1", A=1)
    yard.env.run(111)
    assert yard.levels("A") == (1, 1)
    yard.env.run(HOUR)
    assert (yard.state("O-1/R1").stage, yard.state("O-2/R1").packed) == ("rejected", (Units("A", 1),))
    assert yard.levels("A") == (1, 1)


@given(bins=st.integers(1, 12), share=st.floats(0.01, 1))
def test_cycle_counts_take_the_bins_in_turn(bins: int, share: float) -> None:
    """Counts go round and round: no bin is counted again before every other was."""
    stock = BinStock({f"S{number}": 1 for number in range(bins)}, lambda book, sku, level: None)
    cycle = CycleCount(stock, share)
    seen = [slot.sku for _ in range(3 * bins) for slot in cycle.turn()]
    assert seen == [f"S{number % bins}" for number in range(len(seen))]


def test_a_delivery_can_be_sold_after_it_is_put_away(yard: Any) -> None:
    """A supplier's delivery raises the stock when it is put away, not when it arrives."""
    yard.road.send("north", Delivery("PO-1", (("C", 20), ("NEW", 5))))
    assert yard.levels("C") == (0, 0)
    yard.env.run(3 * HOUR)
    assert (yard.levels("C"), yard.levels("NEW")) == ((20, 0), (5, 0))
    (moved,) = yard.bodies(StockMoved)
    assert (moved.reason, moved.moves) == ("received", (Units("C", 20), Units("NEW", 5)))


def test_returns_are_inspected_then_restocked_or_scrapped(new_yard: Any) -> None:
    """Sound units of an announced return are back on the shelf after inspection; the others are scrapped."""
    yard = new_yard(restockable=Share(0.5))
    yard.house.expect_return(ExpectReturn("RMA-1", "O-1", (Units("A", 10),)))
    yard.road.send("north", ReturnedGoods("RMA-1", "", (("A", 10),)))
    yard.env.run(5 * HOUR)
    (back,) = yard.bodies(ReturnReceived)
    assert back == ReturnReceived("RMA-1", "O-1", "north", (Units("A", 10),), (Units("A", 5),))
    assert yard.levels("A") == (105, 0)
    assert [row["quantity"] for row in yard.rows("event", "stock.scrapped")] == [5]


def test_blind_returns_wait_longer_and_name_nobody(new_yard: Any) -> None:
    """A return without a number is inspected later, and its webhook has neither RMA nor order."""
    yard = new_yard(restockable=Share(1))
    yard.road.send("north", ReturnedGoods("", "", (("A", 2),)))
    yard.env.run(5 * HOUR)
    assert yard.bodies(ReturnReceived) == []
    yard.env.run(DAY + HOUR)
    (back,) = yard.bodies(ReturnReceived)
    assert (back.rma_no, back.order_no, back.restocked) == ("", "", (Units("A", 2),))


def test_parcels_have_no_business_at_a_goods_entrance(yard: Any) -> None:
    """A warehouse that is sent a parcel says so."""
    with pytest.raises(HarnessError, match="takes no Parcel"):
        yard.road.send("north", Parcel("P", "O", "T", "south", ()))
