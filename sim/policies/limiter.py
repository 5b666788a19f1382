"""Limiters: how often a partner lets its callers in, and what it tells those that it turns away.

Whoever is turned away gets `Rejected` with status 429, code `rate_limited` and a wait in the partner's own style.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from heapq import heapreplace
from math import ceil
from typing import Annotated, Literal

import msgspec

from seatrial.sim.call import Call
from seatrial.sim.door import Gate
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.quantities import Count, PerSecond, Seconds
from seatrial.sim.references import refers_to

RetryAfter = Literal["seconds", "date", "none", "odd"]
"""How the wait is told: whole seconds, an HTTP date (whole seconds too), not at all, or as 0 whatever the wait is."""


class _Policy(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of the kinds: data only; `gate` puts one to work."""


class TokenBucket(_Policy, frozen=True, tag="token_bucket"):
    """Each call takes a token; tokens come back at a rate, up to the burst (Amazon SP-API)."""

    rate: PerSecond
    """Tokens that come back per second."""
    burst: Count
    """Tokens in a full bucket."""
    retry_after: RetryAfter = "seconds"
    """How the wait is told."""

    def gate(self) -> Gate:
        """Starts with a full bucket. Raises BadInput where no call could ever get in."""
        _want(self.burst, "burst")
        return _Bucket(_want(self.rate, "rate"), self.burst, _one, self.retry_after)


class LeakyBucket(_Policy, frozen=True, tag="leaky_bucket"):
    """Each call adds a drop; drops leak out at a rate, and a full bucket takes no more (Shopify REST)."""

    size: Count
    """Drops that the bucket holds."""
    leak: PerSecond
    """Drops that leak out per second."""
    retry_after: RetryAfter = "seconds"
    """How the wait is told."""

    def gate(self) -> Gate:
        """Starts with an empty bucket. Raises BadInput where no call could ever get in."""
        _want(self.size, "size")
        # The room left in a leaking bucket is the number of tokens in a filling one.
        return _Bucket(_want(self.leak, "leak"), self.size, _one, self.retry_after)


class SlidingWindow(_Policy, frozen=True, tag="sliding_window"):
    """No more than so many calls in any span of one window; those turned away do not count (ShipBob)."""

    limit: Count
    """Calls in a window."""
    window: Seconds
    """Length of the window in seconds."""
    retry_after: RetryAfter = "seconds"
    """How the wait is told."""

    def gate(self) -> Gate:
        """Starts without calls. Raises BadInput where no call could ever get in."""
        return _Window(_want(self.limit, "limit"), _want(self.window, "window"), self.retry_after)


class Concurrency(_Policy, frozen=True, tag="concurrency"):
    """So many calls are served at once, so many more queue in order, the rest is turned away (NetSuite, Business
    Central). A call holds its slot for the service time.
    """

    slots: Count
    """Calls served at once."""
    queue: Count = 0
    """Calls that wait for a slot, at most."""
    service: Seconds = Seconds(0.2)
    """Seconds for which a call holds its slot."""
    retry_after: RetryAfter = "none"
    """How the wait is told."""

    def gate(self) -> Gate:
        """Starts with free slots. Raises BadInput where no call could ever get in."""
        return _Slots(_want(self.slots, "slots"), self.queue, self.service, self.retry_after)


class CostPoints(_Policy, frozen=True, tag="cost_points"):
    """Each call costs points; points come back at a rate, up to the bucket (Shopify GraphQL, ShipHero)."""

    points: PerSecond
    """Points that come back per second."""
    bucket: Count
    """Points in a full bucket."""
    costs: Mapping[Annotated[str, refers_to("operation")], Count] = {}
    """Points that a call of an operation costs."""
    cost: Count = 1
    """Points that a call of any other operation costs."""
    retry_after: RetryAfter = "seconds"
    """How the wait is told."""

    def gate(self) -> Gate:
        """Starts with a full bucket. Raises BadInput where a call could never get in."""
        dearest = max((self.cost, *self.costs.values()))
        if dearest > self.bucket:
            hint = f"the bucket holds {self.bucket}: no call that costs more ever gets in"
            raise BadInput("a call costs more points than the bucket holds", value=dearest, hint=hint)
        return _Bucket(_want(self.points, "points"), self.bucket, self._price, self.retry_after)

    def _price(self, call: Call) -> float:
        return self.costs.get(call.operation, self.cost)


Limiter = TokenBucket | LeakyBucket | SlidingWindow | Concurrency | CostPoints
"""Every kind of limiter."""


def _want(number: float, field: str) -> float:
    if number <= 0:
        raise BadInput(f"a limiter with this {field} lets nobody in", value=number, hint="give more than 0")
    return number


def _one(_: Call) -> float:
    return 1.0


def _turn_away(wait: float, style: RetryAfter) -> Rejected:
    """The refusal of a call that could get in after so many seconds."""
    told = {"none": None, "odd": 0.0}.get(style, float(max(1, ceil(wait))))
    return Rejected("rate_limited", "too many requests", status=429, retry_after=told)


class _Bucket:
    """A bucket of points that fills while nobody looks."""

    __slots__ = ("_at", "_points", "_price", "_rate", "_size", "_style")

    def __init__(self, rate: float, size: float, price: Callable[[Call], float], style: RetryAfter) -> None:
        self._rate, self._size, self._price = rate, size, price
        self._style: RetryAfter = style
        self._points = float(size)
        self._at = 0.0

    def admit(self, call: Call, now: float) -> float:
        points = self._points + (now - self._at) * self._rate
        if points > self._size:
            points = self._size
        price = self._price(call)
        self._at = now
        # Seconds are floats: a caller who waits exactly as told must not miss by the last bit.
        if points + 1e-9 < price:
            self._points = points
            raise _turn_away((price - points) / self._rate, self._style)
        self._points = points - price if points > price else 0.0
        return 0.0


class _Window:
    """The times of the calls let in during the last window."""

    __slots__ = ("_limit", "_style", "_times", "_window")

    def __init__(self, limit: float, window: float, style: RetryAfter) -> None:
        self._limit, self._window = limit, window
        self._style: RetryAfter = style
        self._times: deque[float] = deque()

    def admit(self, call: Call, now: float) -> float:
        times = self._times
        while times and times[0] + self._window <= now:
            times.popleft()
        if len(times) >= self._limit:
            raise _turn_away(times[0] + self._window - now, self._style)
        times.append(now)
        return 0.0


class _Slots:
    """When each slot is free again, and when those who queue will start."""

    __slots__ = ("_free", "_queue", "_service", "_starts", "_style")

    def __init__(self, slots: float, queue: int, service: float, style: RetryAfter) -> None:
        self._free = [0.0] * int(slots)  # a heap: the first slot is the next to be free
        self._queue, self._service = queue, service
        self._style: RetryAfter = style
        self._starts: deque[float] = deque()

    def admit(self, call: Call, now: float) -> float:
        starts = self._starts
        while starts and starts[0] <= now:
            starts.popleft()
        start = max(now, self._free[0])
        if start > now:
            if len(starts) >= self._queue:
                raise _turn_away((starts[0] if starts else start) - now, self._style)
            starts.append(start)
        heapreplace(self._free, start + self._service)
        return start - now
