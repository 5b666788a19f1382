"""Laws of the notification desk."""

from __future__ import annotations

import pytest

from seatrial.mocks.messages.desk import Notify
from seatrial.mocks.partners.desk import Desk
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.policies.idempotency import KeyReplay


@pytest.mark.parametrize(("audience", "event"), [("customer", "customer.notified"), ("service", "service.notified")])
def test_a_message_stands_in_the_books(ground, rows, audience, event):
    """Each message is a notification under its business key and an event that says who was told."""
    desk = Desk("desk", ground, Conduct(), Desk.Settings())
    sent = desk.notify(Notify("1/shipped/P1", "1", audience, "shipped"))
    assert rows("commit", "document", "key", "correlation", "document_id") == [
        ("notification", "1/shipped/P1", "1", sent.id)
    ]
    assert rows("event", "operation", "key") == [(event, "1/shipped/P1")]


@pytest.mark.parametrize(("conduct", "messages"), [(Conduct(), 2), (Conduct(idempotency={"*": KeyReplay()}), 1)])
def test_telling_twice_is_two_messages(ground, rows, conduct, messages):
    """A repeat reaches the customer again, unless a policy at the door knows it."""
    desk = Desk("desk", ground, conduct, Desk.Settings())
    door = desk.door(Notify)
    for attempt in (1, 2):
        call = Call("desk", "notify", REQUEST, "1/shipped/P1", "1", attempt, idempotency_key="k")
        door.act(call, Notify("1/shipped/P1", "1", "customer", "shipped"), 0.0)
    assert len(rows("event", "key")) == messages
