"""What a warehouse does with a release, from its acceptance to the truck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import (
    AttachLabel,
    FulfilmentUpdate,
    LabelAttached,
    ReleaseOrder,
    StockMoved,
)
from seatrial.sim.cargo import Parcel
from seatrial.sim.errors import Rejected
from seatrial.sim.quantities import Share

HOUR = 3600.0
DAY = 24 * HOUR


def refusal(action: Callable[[], object]) -> tuple[str, int]:
    """Code and status with which something is refused."""
    with pytest.raises(Rejected) as caught:
        action()
    return caught.value.code, caught.value.status


def test_a_release_goes_from_allocated_to_the_truck(yard: Any) -> None:
    """A release is allocated, picked, packed, labelled and collected, and the books agree at every step."""
    yard.release(A=4, B=2)
    assert (yard.state().stage, yard.levels("A")) == ("allocated", (100, 4))
    yard.env.run(1)
    assert yard.state().stage == "picking"
    yard.env.run(600)
    state = yard.state()
    assert (state.stage, state.parcel_no, state.short) == ("packed", "north-P1", ())
    assert state.packed == (Units("A", 4), Units("B", 2))
    yard.label()
    assert yard.levels("A") == (100, 4)
    yard.env.run(2 * HOUR)
    assert (yard.state().stage, yard.levels("A"), yard.levels("B")) == ("shipped", (96, 0), (48, 0))
    (at, parcel), *others = yard.trucks
    assert not others
    assert HOUR < at < HOUR + 60
    assert parcel == Parcel("north-P1", "O-1", "T-1", "north", (("A", 4), ("B", 2)))


def test_the_integration_hears_of_packing_and_dispatch(yard: Any) -> None:
    """Webhooks tell the packed parcel, its dispatch, and the movement of stock with its order."""
    yard.release(A=4)
    yard.env.run(600)
    yard.label()
    yard.env.run(2 * HOUR)
    assert {notice.event for notice in yard.told} == {
        "fulfilment.packed",
        "shipment.dispatched",
        "inventory.adjusted",
    }
    packed, shipped = yard.bodies(FulfilmentUpdate)
    assert (packed.state.stage, packed.state.tracking_no) == ("packed", "")
    assert (shipped.state.stage, shipped.state.tracking_no, shipped.state.carrier) == ("shipped", "T-1", "falcon")
    (moved,) = yard.bodies(StockMoved)
    assert moved == StockMoved("north-M1", "north", 1, (Units("A", -4),), "shipped", "O-1")


def test_dispatch_leaves_evidence_of_parcel_and_lines(yard: Any) -> None:
    """A parcel is a commit under its release, an event under its number, and a `shipped` sale row for each line."""
    yard.release(A=4, B=2)
    yard.env.run(600)
    yard.label()
    yard.env.run(2 * HOUR)
    (parcel,) = [row for row in yard.rows("commit") if row["document"] == "parcel"]
    assert (parcel["key"], parcel["document_id"], parcel["quantity"]) == ("O-1/R1", "north-P1", 6)
    (event,) = yard.rows("event", "shipment.dispatched")
    assert (event["key"], event["correlation"], event["quantity"]) == ("north-P1", "O-1", 6)
    assert [(row["key"], row["quantity"]) for row in yard.rows("sale", "shipped")] == [("A", 4), ("B", 2)]
    assert [row["quantity"] for row in yard.rows("stock", "on_hand") if row["key"] == "A"] == [100, 96]


def test_a_release_is_taken_whole_or_not_at_all(yard: Any) -> None:
    """One line that is short rejects the whole release, and the text names the SKU and what there is."""
    with pytest.raises(Rejected, match=r"B \(50 of 51\)") as caught:
        yard.release(A=1, B=51)
    assert (caught.value.code, caught.value.status) == ("insufficient_stock", 422)
    assert yard.levels("A") == (100, 0)
    assert [row["key"] for row in yard.rows("event", "fulfilment.rejected")] == ["O-1/R1"]
    assert not yard.rows("commit")


def test_what_is_promised_cannot_be_promised_again(yard: Any) -> None:
    """Allocated units are not available to the next release."""
    yard.release("O-1/R1", B=40)
    assert refusal(lambda: yard.release("O-2/R1", B=11))[0] == "insufficient_stock"
    yard.release("O-3/R1", B=10)


def test_two_lines_of_one_sku_count_together(yard: Any) -> None:
    """A SKU on two lines is one demand: what is not there twice is not promised twice."""
    lines = (Units("B", 30), Units("B", 30))
    request = ReleaseOrder("O-1/R1", "O-1", lines, "EIRE", DAY)
    assert refusal(lambda: yard.house.release_order(request))[0] == "insufficient_stock"


@pytest.mark.parametrize(
    ("units", "code"), [({}, "invalid_quantity"), ({"A": 0}, "invalid_quantity"), ({"Z": 1}, "unknown_sku")]
)
def test_a_release_that_makes_no_sense_is_refused(yard: Any, units: dict[str, int], code: str) -> None:
    """No lines, no units and unknown SKUs are refused with a code of their own."""
    assert refusal(lambda: yard.release(**units)) == (code, 422)


def test_a_cancelled_release_gives_its_units_back(yard: Any) -> None:
    """Until it has its label a release can be cancelled at every stage, and its units are free again."""
    for number, seconds in (("O-1/R1", 0.0), ("O-2/R1", 30.0), ("O-3/R1", 90.0), ("O-4/R1", 600.0)):
        yard.release(number, A=4)
        yard.env.run(yard.env.now + seconds + 1e-3)
        yard.cancel(number)
        assert (yard.state(number).stage, yard.levels("A")) == ("cancelled", (100, 0))
    yard.env.run(DAY)
    assert yard.trucks == []
    assert [row["outcome"] for row in yard.rows("commit")] == ["created", "reversed"] * 4
    assert len(yard.rows("event", "fulfilment.cancelled")) == 4
    assert [row["key"] for row in yard.rows("event", "fulfilment.packed")] == ["O-4/R1"]


def test_cancelling_again_changes_nothing(yard: Any) -> None:
    """A second cancellation of the same release succeeds and is not told again."""
    yard.release(A=4)
    yard.cancel()
    yard.cancel()
    assert len(yard.rows("event", "fulfilment.cancelled")) == 1


def test_a_label_ends_the_time_for_cancelling(yard: Any) -> None:
    """Once the parcel has its label it ships: cancelling is refused with 409, then and later."""
    yard.release(A=4)
    yard.env.run(600)
    yard.label()
    assert refusal(yard.cancel) == ("too_late", 409)
    yard.env.run(2 * HOUR)
    assert refusal(yard.cancel) == ("too_late", 409)
    assert len(yard.trucks) == 1
    assert refusal(lambda: yard.cancel("O-9/R1")) == ("unknown_release", 404)


def test_a_label_is_put_on_once(yard: Any) -> None:
    """The same label again changes nothing; another one is refused and the first is named."""
    yard.release(A=4)
    yard.env.run(600)
    assert yard.label() == yard.label() == LabelAttached("north-P1")
    assert refusal(lambda: yard.label(tracking="T-2")) == ("already_labelled", 409)
    yard.env.run(2 * HOUR)
    assert yard.label() == LabelAttached("north-P1")
    assert len(yard.trucks) == 1


def test_a_label_needs_its_parcel_and_a_carrier_that_collects(yard: Any) -> None:
    """Labels for parcels that do not exist, were cancelled, or of strangers are refused."""
    yard.release(A=4)
    assert refusal(yard.label) == ("unknown_parcel", 404)
    yard.env.run(600)
    assert refusal(lambda: yard.label(carrier="pigeon")) == ("unknown_carrier", 422)
    yard.cancel()
    assert refusal(yard.label) == ("cancelled", 409)


def test_a_repeated_release_without_a_policy_ships_twice(yard: Any) -> None:
    """Without a natural key policy the same release number is a second fulfilment and a second parcel."""
    first, second = yard.release(A=4), yard.release(A=4)
    assert first != second
    yard.env.run(600)
    for parcel in ("north-P1", "north-P2"):
        yard.house.attach_label(AttachLabel("O-1/R1", "O-1", parcel, "falcon", f"T/{parcel}"))
    yard.env.run(2 * HOUR)
    assert [cargo.parcel_no for _, cargo in yard.trucks if isinstance(cargo, Parcel)] == ["north-P1", "north-P2"]
    assert yard.levels("A") == (92, 0)
    created = [row["document_id"] for row in yard.rows("commit") if row["document"] == "fulfilment"]
    assert created == [first, second]


def test_doubles_are_stopped_together_or_not_at_all(yard: Any) -> None:
    """Where one of two fulfilments has its label, cancelling is refused and the other goes on."""
    yard.release(A=4)
    yard.release(A=4)
    yard.env.run(600)
    yard.house.attach_label(AttachLabel("O-1/R1", "O-1", "north-P1", "falcon", "T-1"))
    assert refusal(yard.cancel) == ("too_late", 409)
    assert yard.state().stage == "packed"


def test_cancelling_stops_every_double(yard: Any) -> None:
    """Cancelling a release number stops all fulfilments under it."""
    yard.release(A=4)
    yard.release(A=4)
    yard.cancel()
    assert yard.levels("A") == (100, 0)


def test_an_impossible_release_is_rejected_by_webhook(new_yard: Any) -> None:
    """With late rejects, an accepted release ends as rejected when a picker takes it up, and is told."""
    yard = new_yard(late_rejects=Share(1))
    yard.release(A=4)
    yard.env.run(600)
    assert (yard.state().stage, yard.levels("A")) == ("rejected", (100, 0))
    assert [notice.event for notice in yard.told] == ["fulfilment.rejected"]
