"""A client-side throttle: never more calls a second than the partner was promised."""

from __future__ import annotations


class Throttle:
    """A token bucket by its theoretical arrival time (GCRA): two numbers, no timers."""

    def __init__(self, rate: float, burst: int) -> None:
        self._gap = 1.0 / rate
        self._slack = self._gap * (burst - 1)
        self._next = 0.0

    def book(self, now: float) -> float:
        """Take the next free place; gives the seconds until then."""
        place = now - self._slack
        if place < self._next:
            place = self._next
        self._next = place + self._gap
        return place - now if place > now else 0.0

    def hold(self, until: float) -> None:
        """The partner asked for a pause."""
        self._next = max(self._next, until)
