"""A circuit breaker: a partner that keeps failing is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable

from seatrial.sim.errors import Refused


class BreakerOpen(Refused):
    """The breaker is open: the partner was not called at all."""

    def __init__(self, partner: str, rest: float) -> None:
        super().__init__(f"breaker of {partner} is open for {rest:.0f} s")
        self.rest = rest


class Breaker:
    """Closed: calls pass. Open: after `limit` failures in a row, for `rest` seconds. Then one call may try,
    and the others wait for what becomes of it.
    """

    def __init__(self, limit: int, rest: float, tell: Callable[[str], None]) -> None:
        self._limit = limit
        self._rest = rest
        self._tell = tell
        self.failures = 0  # in a row, up to now
        self._open_until = 0.0
        self._trying_until = 0.0  # until then one call finds out for all

    def check(self, partner: str, now: float) -> None:
        """Raises BreakerOpen unless a call may pass."""
        if now < self._open_until:
            raise BreakerOpen(partner, self._open_until - now)
        if self.failures >= self._limit:
            if now < self._trying_until:
                raise BreakerOpen(partner, self._trying_until - now)
            self._trying_until = now + self._rest

    def succeeded(self) -> None:
        """The partner answered."""
        if self.failures >= self._limit:
            self._tell("breaker_closed")
        self.failures, self._trying_until = 0, 0.0

    def failed(self, now: float) -> None:
        """The partner did not answer, or with an error of its own making."""
        self.failures += 1
        if self.failures == self._limit:
            self._tell("breaker_opened")
        if self.failures >= self._limit and now >= self._open_until:
            self._open_until, self._trying_until = now + self._rest, 0.0
