"""Laws of the road: cargo arrives where it is sent, at once, and nowhere else."""

from __future__ import annotations

import pytest

from seatrial.sim.cargo import CUSTOMERS, Cargo, Delivery, Parcel, ReturnedGoods, Road
from seatrial.sim.errors import HarnessError

PARCEL = Parcel("north-P1", "MP-1", "F-1", "north", (("A", 2),))
CARGO: list[Cargo] = [PARCEL, ReturnedGoods("R-1", "MP-1", (("A", 1),)), Delivery("PO-1", (("B", 5),))]


@pytest.mark.parametrize("cargo", CARGO, ids=lambda cargo: type(cargo).__name__)
def test_cargo_arrives_once_where_it_was_sent(cargo: Cargo) -> None:
    """The place gets it before `send` returns, and no other place does."""
    road = Road()
    arrived: dict[str, list[Cargo]] = {"north": [], CUSTOMERS: []}
    for place, goods in arrived.items():
        road.open(place, goods.append)
    road.send("north", cargo)
    assert arrived == {"north": [cargo], CUSTOMERS: []}


def test_a_place_that_does_not_exist_is_an_error_that_names_the_others() -> None:
    """Goods are never lost in silence."""
    road = Road()
    for place in ("south", "north"):
        road.open(place, lambda cargo: None)
    with pytest.raises(HarnessError, match=r"'nroth' · known: north, south"):
        road.send("nroth", PARCEL)
