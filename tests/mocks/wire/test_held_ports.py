"""Laws of ports that are held for programs that are yet to start."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

import seatrial.mocks.wire.held_ports as held_ports
from seatrial.mocks.wire.held_ports import HeldPorts
from seatrial.sim.errors import HarnessError

NAMES = ("erp", "north", "desk")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether nobody holds it: two who would share it may both bind it, so this one would not share."""
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def drawing(monkeypatch: pytest.MonkeyPatch, *ports: int) -> list[int]:
    """The system gives these ports where any will do, as far as they are free; what is left of them."""
    left = list(ports)
    bind = held_ports.bound

    def bound(name: str, port: int) -> socket.socket:
        if port:
            return bind(name, port)
        return bind(name, next(each for each in iter(lambda: left.pop(0), None) if is_free(each)))

    monkeypatch.setattr(held_ports, "bound", bound)
    return left


def test_each_name_has_a_port_of_its_own() -> None:
    """What was drawn for one is held while the next is drawn, and so until it is let go."""
    held = HeldPorts((f"partner {number}" for number in range(300)), {})
    try:
        assert len(set(held.numbers.values())) == 300
        for port in held.numbers.values():
            assert not is_free(port)
    finally:
        held.let_go()


def test_what_is_chosen_is_drawn_for_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the port of one that comes later, nor one that is spoken for and not ours to hold."""
    ours = HeldPorts(("one", "two", "three"), {})
    one, two, three = ours.numbers.values()
    ours.let_go()
    left = drawing(monkeypatch, one, two, three)
    held = HeldPorts(("erp", "desk"), {"desk": one}, {two})
    held.let_go()
    assert (held.numbers, left) == ({"desk": one, "erp": three}, [])


def test_what_is_let_go_is_free() -> None:
    """By its name, and the others stay held; letting go twice changes nothing."""
    held = HeldPorts(NAMES, {})
    held.let_go("erp")
    assert [is_free(held.numbers[name]) for name in NAMES] == [True, False, False]
    held.let_go()
    held.let_go()
    assert all(is_free(port) for port in held.numbers.values())


def test_a_chosen_port_that_is_taken_is_told(taken: int) -> None:
    """By whom it was to be used, and what to do."""
    with pytest.raises(HarnessError, match=rf"port {taken} for desk cannot be used .* choose another: --port desk="):
        HeldPorts(NAMES, {"desk": taken})
