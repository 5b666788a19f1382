"""Ports for programs that are yet to start: nobody else is given one of them meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Mapping

from seatrial.mocks.wire.harbour import bound


class HeldPorts:
    """A port for each name, all of them different. States of each: held, let go.

    `chosen` are ports by name; others are free ones, none of them among `spoken_for`. All are bound here until they are
    let go, for the program that is to listen there. Raises HarnessError for a chosen port that is taken.
    """

    def __init__(self, names: Iterable[str], chosen: Mapping[str, int], spoken_for: Collection[int] = ()) -> None:
        self._probes: dict[str, socket.socket] = {}
        self.numbers: dict[str, int] = {}
        try:
            for name in sorted(names, key=lambda name: not chosen.get(name)):  # what is chosen is not drawn for another
                self._hold(name, chosen.get(name, 0), spoken_for)
        except BaseException:
            self.let_go()
            raise

    def let_go(self, *names: str) -> None:
        """Free these ports, or all; may be called twice."""
        for name in names or tuple(self._probes):
            probe = self._probes.pop(name, None)
            if probe is not None:
                probe.close()

    def _hold(self, name: str, port: int, spoken_for: Collection[int]) -> None:
        probe = bound(name, port)
        passed_over = []  # held until there is another, or the same would come again
        while not port and probe.getsockname()[1] in spoken_for:
            passed_over.append(probe)
            probe = bound(name, port)
        for each in passed_over:
            each.close()
        self._probes[name] = probe
        self.numbers[name] = int(probe.getsockname()[1])
