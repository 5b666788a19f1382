"""The control channel: what is told arrives as it was said, rules above all."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mocks.faults.latency import Latency
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.channel import (
    TOLD_BY_PROXY,
    TOLD_BY_WORLD,
    Arm,
    Ask,
    Disarm,
    Ear,
    Farewell,
    Freeze,
    Hello,
    Matched,
    Message,
    Mooring,
    Pier,
    Ready,
    Settled,
    Struck,
    Thaw,
    Welcome,
)
from seatrial.sim.errors import HarnessError, UnknownName
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.quantities import PerSecond, Seconds, Share
from seatrial.sim.travelling import rule_of, rule_on_wire

FAULTS = Catalogue("faults")
numbers = st.floats(0.001, 1e9)
shares = st.floats(0.001, 1)
texts = st.text(max_size=12)


def parameters(kind: type) -> st.SearchStrategy[Any]:
    """Values of a parameter of a fault, by its type."""
    by_type: dict[type, st.SearchStrategy[Any]] = {
        Seconds: numbers.map(Seconds),
        Share: shares.map(Share),
        PerSecond: numbers.map(PerSecond),
        bool: st.booleans(),
        str: texts,
    }
    return by_type.get(kind, st.nothing())


def faults(kind: type[Fault]) -> st.SearchStrategy[Fault]:
    """Any fault of a kind; parameters with a type of their own keep their default."""
    fields = {field.name: parameters(field.type) for field in msgspec.structs.fields(kind)}
    return st.fixed_dictionaries({}, optional={k: v for k, v in fields.items() if not v.is_empty}).map(
        lambda given: kind(**given)
    )


rules = st.builds(
    Rule,
    texts,
    st.one_of(*(faults(FAULTS.get(name)) for name in FAULTS.names())),
    texts,
    st.sampled_from(["", "request", "webhook", "inside", "dependency"]),
    texts,
    st.dictionaries(texts, texts, max_size=3),
    numbers.map(Seconds),
    st.one_of(numbers, st.just(float("inf"))).map(Seconds),
    shares.map(Share),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(1, 9),
    st.integers(0, 9),
)


@settings(max_examples=200)
@given(rule=rules)
def test_a_rule_that_travels_comes_back_the_same(rule: Rule) -> None:
    """Every fault of the catalogue, with any parameters, and every field of a rule."""
    told = TOLD_BY_WORLD.decode(msgspec.json.encode(Arm(rule_on_wire(rule))))
    assert isinstance(told, Arm)
    assert rule_of(told.rule) == rule


@pytest.mark.parametrize("name", FAULTS.names())
def test_every_fault_of_the_catalogue_travels(name: str) -> None:
    """As it is without parameters."""
    rule = Rule("r", FAULTS.get(name)())
    assert rule_of(rule_on_wire(rule)) == rule


def test_a_fault_that_is_not_installed_on_the_other_side_is_named() -> None:
    """The proxy says which fault it does not know."""
    told = msgspec.structs.replace(rule_on_wire(Rule("r", Latency())), fault="latnecy")
    with pytest.raises(UnknownName, match="latnecy"):
        rule_of(told)


STRUCK = Struck("desk", "notify", "notification", "k", "o", 1, "ok", 200, 0.1, "r", "latency", True, True)
FROM_WORLD: tuple[Message, ...] = (
    Welcome((Pier("a", "desk", 1, "http://x:2"),), (), 1, 2.0, 3.0, 4.0, (Mooring("b", 5, "h", 6),)),
    Disarm(("a", "b")),
    Freeze(1.5),
    Thaw(1.5, 2.5),
    Ask(1),
    Farewell(),
)
FROM_PROXY: tuple[Message, ...] = (Hello("t"), Ready(), STRUCK, Matched({"r": 3}), Settled(1))


async def heard(data: bytes, decoder: Any) -> list[Any]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return [message async for message in Ear(reader, decoder)]


@pytest.mark.parametrize(("said", "decoder"), [(FROM_WORLD, TOLD_BY_WORLD), (FROM_PROXY, TOLD_BY_PROXY)])
def test_what_is_said_is_heard_in_order(said: tuple[Message, ...], decoder: Any) -> None:
    """Each message is a line; the end of the lines is the end of the talk."""
    data = b"".join(msgspec.json.encode(each) + b"\n" for each in said)
    assert asyncio.run(heard(data, decoder)) == list(said)


def test_half_a_line_is_the_end() -> None:
    """Whoever dies in the middle of a word has said nothing."""
    assert asyncio.run(heard(b'{"type":"ready"}\n{"type":"rea', TOLD_BY_PROXY)) == [Ready()]


def test_a_line_that_is_no_message_is_an_error_of_the_harness() -> None:
    """It is shown, with what was expected."""
    with pytest.raises(HarnessError, match="something else"):
        asyncio.run(heard(b"GET / HTTP/1.1\n", TOLD_BY_PROXY))


def test_a_strike_is_the_call_that_it_struck() -> None:
    """The evidence takes partner, operation, key, order and attempt from it."""
    call = STRUCK.call
    assert (call.partner, call.operation, call.key, call.order, call.attempt) == ("desk", "notify", "k", "o", 1)
