"""Business time in a program of its own: read off the partners' replies, and carried on between them."""

from __future__ import annotations

from collections.abc import Callable


class BusinessClock:
    """Second of the run as the partners count it: `scale` of them in a second of `technical` time.

    A reply names the second at which it was given, which lies between the sending of its request and its arrival. Where
    the clock says something else it is put right by as little as that takes (Cristian's bound), so it follows partners
    whose time stands still. It never goes back: what was dated by it keeps its order.
    """

    def __init__(self, technical: Callable[[], float], scale: float) -> None:
        self._technical = technical
        self._scale = scale
        self._zero = technical()  # technical second at which the run began
        self._latest = 0.0

    def now(self) -> float:
        """Second of the run."""
        self._latest = max(self._latest, self._at(self._technical()))
        return self._latest

    def heard(self, sent: float, told: float) -> None:
        """A partner told the time in a reply whose request was sent at this technical second."""
        ahead = self._at(sent) - told
        behind = told - self._at(self._technical())
        if ahead > 0:
            self._zero += ahead / self._scale
        elif behind > 0:
            self._zero -= behind / self._scale

    def _at(self, technical: float) -> float:
        return (technical - self._zero) * self._scale
