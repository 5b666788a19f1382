"""Laws of a call under way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from seatrial.mocks.messages.carrier import BuyLabel, TrackParcel
from seatrial.mocks.partners.carrier import Carrier
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.errors import HarnessError
from seatrial.sim.exchange import Exchange, Line, Lines

OPERATION = Carrier.operations[TrackParcel]
ASKED = TrackParcel("SF-1", "T-1")


def test_a_line_that_cannot_be_laid_is_not_taken_for_an_operation_that_is_not_there() -> None:
    """What an extension's own code raises is told as it is; who asks for what nobody offers hears what there is."""
    carrier = SimpleNamespace(name="falcon", kind="carrier", operations={TrackParcel: OPERATION})
    carrier.ground = SimpleNamespace(rulebook=None)
    carrier.door = lambda _: {}["a policy of its own"]
    lines = Lines(cast(Any, carrier))
    with pytest.raises(KeyError, match="a policy of its own"):
        _ = lines[TrackParcel]
    with pytest.raises(HarnessError, match=r"falcon \(carrier\) has no operation for BuyLabel · known: track_parcel"):
        _ = lines[BuyLabel]


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
