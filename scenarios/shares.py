"""Shares: how demand and stock are divided among the names of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial.sim.errors import BadInput, UnknownName

_ROUNDING = 1e-6


class Split:
    """Names with shares that add up to one; `at` finds the name that a number in [0, 1) falls to."""

    def __init__(self, shares: Sequence[tuple[str, float]]) -> None:
        self.shares = tuple(shares)
        self._bounds: list[tuple[float, str]] = []
        total = 0.0
        for name, share in self.shares:
            total += share
            if share > 0:
                self._bounds.append((total, name))
        self._last = self._bounds[-1][1]

    def at(self, draw: float) -> str:
        """The name for a draw."""
        for bound, name in self._bounds:
            if draw < bound:
                return name
        return self._last


def split(what: str, given: Mapping[str, float], known: Sequence[str]) -> Split:
    """Divide by the shares given, or evenly among all known names where none are given.

    Raises UnknownName for a name that the network does not have, BadInput where shares do not add up to 100 %.
    """
    if not known:
        raise BadInput(f"the network has no {what}", hint="add at least one partner of that kind")
    for name in given:
        if name not in known:
            raise UnknownName(f"unknown name in the shares of {what}", value=name, known=known)
    if given and abs(sum(given.values()) - 1) > _ROUNDING:
        total = f"{sum(given.values()) * 100:g} %"
        raise BadInput(f"the shares of {what} do not add up to 100 %", value=total, hint=", ".join(given))
    return Split(tuple(given.items()) if given else tuple((name, 1 / len(known)) for name in known))
