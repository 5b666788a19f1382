"""The ports of a run on real sockets that are told to somebody before anybody listens there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from seatrial.mocks.wire.held_ports import HeldPorts
from seatrial.scenarios.loader import Loaded
from seatrial.wire_options import WireOptions

LISTENS: Final = "the integration"
"""Stands for whoever listens for webhooks, among the names of partners and dependencies."""


def held_for(loaded: Loaded, options: WireOptions, partners: Iterable[str]) -> HeldPorts:
    """Ports for the proxy's programs and for the integration, where it has none yet. Raises HarnessError."""
    fronts = partners if options.faults_at == "proxy" else ()
    listens = () if options.known_port else (LISTENS,)
    return HeldPorts((*fronts, *loaded.scenario.dependencies, *listens), options.ports, _spoken_for(options))


def example_ports(loaded: Loaded, options: WireOptions, partners: Iterable[str]) -> Mapping[str, int]:
    """Ports as they might be told: those that were chosen, whoever has them now, and free ones for all others."""
    known = {name: port for name, port in {**options.ports, LISTENS: options.known_port}.items() if port}
    names = (*partners, *loaded.scenario.dependencies, LISTENS)
    held = HeldPorts((name for name in names if name not in known), {}, _spoken_for(options))
    held.let_go()
    return {**held.numbers, **known}


def _spoken_for(options: WireOptions) -> frozenset[int]:
    """Ports that somebody chose, also those that are not for us to hold."""
    return frozenset((*options.ports.values(), options.known_port, options.master_port, options.load_web))
