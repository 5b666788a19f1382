"""The contract of every fault, also of those not yet written: it explains itself, it is data, it decides purely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.sim.call import DEPENDENCY, INSIDE, REQUEST, WEBHOOK, Call
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.dice import Dice
from seatrial.sim.fate import (
    Answer,
    Behind,
    Crash,
    Deliver,
    Drip,
    Drop,
    Freeze,
    Garble,
    LoseReply,
    Refuse,
    Reset,
    Shorten,
    Stale,
    Throttle,
    Twice,
)
from seatrial.sim.fault import Fault
from seatrial.sim.quantities import PerSecond, Seconds, Share, read_quantity

CATALOGUE = Catalogue("faults")
MAY_MEET: Mapping[str, tuple[type, ...]] = {
    REQUEST: (Deliver, Twice, Refuse, Drop, LoseReply, Answer, Garble, Drip, Reset, Stale, Crash, Freeze),
    WEBHOOK: (Deliver, Twice, Behind, Refuse, Drop, LoseReply, Answer, Reset, Crash, Freeze),
    INSIDE: (Shorten,),
    DEPENDENCY: (Deliver, Throttle, Drop, Refuse, Reset),
}
"""Fates that can be carried out in each direction."""
SEED = 11


calls = st.builds(
    Call,
    st.just("erp"),
    st.sampled_from(["enter", "look", "pick", "sign_in"]),
    st.sampled_from([REQUEST, WEBHOOK, INSIDE]),
    st.sampled_from(["MP-1", "SF-1"]),
    st.just("MP-1"),
    st.integers(1, 5),
    signed_in_at=st.floats(0, 2000),
    sent_at=st.floats(0, 2000),
    quantity=st.integers(0, 9),
)


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_a_fault_explains_itself(name: str) -> None:
    """Class and parameters have a text; that of a quantity names its unit, or what it is a share of."""
    kind = CATALOGUE.get(name)
    told = CATALOGUE.describe(name)
    assert kind.__doc__ is not None
    assert len(kind.__doc__.split()) > 20, "what happens in the world, and where it comes from"
    units = {Seconds: "second", Share: "share", PerSecond: "per second"}
    for field, parameter in zip(msgspec.structs.fields(kind), told.parameters, strict=True):
        assert parameter.doc
        assert units.get(field.type, "") in parameter.doc.lower()
        assert field.type is not float, "a number with a unit has a type that knows it"


def test_a_fault_is_data(fault: Fault) -> None:
    """It survives being written down and read, cannot be changed, and refuses a parameter that it does not have."""
    plain: dict[str, Any] = msgspec.to_builtins(fault, enc_hook=float)
    assert msgspec.convert(plain, type(fault), dec_hook=read_quantity) == fault
    with pytest.raises(AttributeError):
        fault.anything = 1  # type: ignore[attr-defined]
    with pytest.raises(msgspec.ValidationError, match="no_such_parameter"):
        msgspec.convert(plain | {"no_such_parameter": 1}, type(fault), dec_hook=read_quantity)


@settings(max_examples=20)
@given(asked=st.lists(st.tuples(calls, st.floats(0, 5000)), min_size=1, max_size=5))
def test_a_decision_is_pure(fault: Fault, asked: list[tuple[Call, float]]) -> None:
    """The same call at the same time with the same dice has the same fate, whatever was decided before it."""
    chance = Dice(SEED).keyed("pure")
    before = [fault.decide(call, now, chance) for call, now in asked]
    assert [fault.decide(call, now, chance) for call, now in reversed(asked)] == before[::-1]
    assert [type(fault)(**msgspec.structs.asdict(fault)).decide(call, now, chance) for call, now in asked] == before


@settings(max_examples=20)
@given(asked=calls, now=st.floats(0, 5000))
def test_a_fate_can_be_carried_out_where_the_fault_strikes(fault: Fault, asked: Call, now: float) -> None:
    """What it decides is something that can happen to a call in its direction."""
    assert fault.wants in ("", "read", "write")
    met = fault.decide(msgspec.structs.replace(asked, direction=fault.direction), now, Dice(SEED).keyed("fate"))
    assert met is None or isinstance(met, MAY_MEET[fault.direction])
