"""The ERP behind its doors: what repeats give is a matter of conduct, not of the books."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.mocks.messages.erp import CorrectStock, CreateSalesOrder, PostInvoice, PostShipment
from seatrial.mocks.messages.orders import OrderLine, Units
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.conduct import EVERY, Conduct
from seatrial.sim.errors import Rejected
from seatrial.sim.policies.idempotency import KeyReplay, SequenceGuard

CREATE = CreateSalesOrder("O-1", "b2b", "c1", "GBP", (OrderLine("A", 4, 100),))
SHIP = PostShipment("O-1", "P1", "north", (Units("A", 2),), 0.0)
INVOICE = PostInvoice("O-1", "P1", 0.0)


def call(office: Any, request: Any, key: str = "") -> Any:
    """One request through its door."""
    door = office.erp.doors_now[type(request)]
    about = getattr(request, door.operation.key)
    return door.act(Call("erp", door.operation.name, REQUEST, about, "O-1", 1, key), request, office.env.now)


def office_with(new_office: Any, conduct: Conduct, **settings: Any) -> Any:
    office = new_office(conduct=conduct, **settings)
    office.erp.doors_now = {request: office.erp.door(request) for request in office.erp.operations}
    return office


@pytest.mark.parametrize("character", ["cloud", "legacy"])
def test_by_default_a_repeat_is_a_silent_duplicate(new_office: Any, character: str) -> None:
    """Order, shipment and invoice: what comes twice is booked twice, key or no key."""
    office = office_with(new_office, Conduct(), character=character)
    call(office, CREATE, "k1")
    call(office, CREATE, "k1")
    office.release(A=4)
    for request in (SHIP, SHIP, INVOICE, INVOICE):
        call(office, request, "k2")
    office.erp.book_tray()
    made = [name for name, _ in office.documents()]
    assert made == ["sales_order"] * 2 + ["shipment"] * 2 + ["invoice"] * 2


@pytest.mark.parametrize("character", ["cloud", "legacy"])
def test_with_key_replay_a_repeat_gives_the_first_reply(new_office: Any, character: str) -> None:
    """One document, the same reply, and a row that says it was replayed."""
    office = office_with(new_office, Conduct(idempotency={EVERY: KeyReplay()}), character=character)
    assert call(office, CREATE, "k1") == call(office, CREATE, "k1")
    office.release(A=4)
    for key, request in (("k2", SHIP), ("k3", INVOICE)):
        assert call(office, request, key) == call(office, request, key)
    office.erp.book_tray()
    assert office.documents() == [("sales_order", "O-1"), ("shipment", "P1"), ("invoice", "P1")]
    assert len(office.documents("replayed")) == 3


def test_a_sequence_guard_keeps_old_counts_out(new_office: Any) -> None:
    """Corrections carry a number for each warehouse; with the guard an older one changes nothing."""
    office = office_with(new_office, Conduct(idempotency={"correct_stock": SequenceGuard()}))
    call(office, CorrectStock("north", 7, (Units("A", 90),)))
    with pytest.raises(Rejected, match="sequence 6"):
        call(office, CorrectStock("north", 6, (Units("A", 80),)))
    call(office, CorrectStock("south", 1, (Units("A", 40),)))
    assert (office.level("A"), office.level("A", "south")) == (90, 40)
