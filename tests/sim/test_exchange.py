"""Laws of a call under way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from seatrial.mocks.messages.carrier import TrackParcel
from seatrial.mocks.partners.carrier import Carrier
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.exchange import Exchange, Line

OPERATION = Carrier.operations[TrackParcel]
ASKED = TrackParcel("SF-1", "T-1")


def test_a_stale_reply_is_never_kept_as_the_truth_of_its_moment() -> None:
    """A copy as old as said: what a stale read answered is not answered again as if it had been true then."""
    truth = iter(["at the depot", "on the road", "delivered"])
    door = cast(Any, SimpleNamespace(gates=(), act=lambda call, request, now: next(truth)))
    ground = SimpleNamespace(rulebook=SimpleNamespace(lane=lambda *_: ["a rule aims here"]))
    carrier = SimpleNamespace(name="falcon", kind="carrier", visible_until=0.0, ground=ground, door=lambda _: door)
    line = Line(cast(Any, carrier), OPERATION)

    def read(now: float, age: float) -> object:
        call = Call("falcon", "track_parcel", REQUEST, "", "SF-1", 1)
        exchange = Exchange(line, call, ASKED, 0.0, now)
        exchange.age = age
        exchange.act(now)
        return exchange.reply

    assert [read(0.0, -1.0), read(100.0, -1.0)] == ["at the depot", "on the road"]
    assert read(150.0, 60.0) == "at the depot"
    assert read(220.0, 60.0) == "on the road"
