"""A partner's door for one operation: policies first, then the handler, then what is remembered of its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from seatrial.sim.call import Call
from seatrial.sim.operation import Operation, Request


class Gate(Protocol):
    """An auth or limiter policy at work."""

    def admit(self, call: Call, now: float) -> float:
        """Seconds that the call has to queue; 0: come in. Raises Rejected (401, 429 ...)."""
        ...


class Guard(Protocol):
    """An idempotency policy at work. It decides on what the handler answered, never on what the link delivered."""

    def recall(self, call: Call, request: Request[Any], now: float) -> Any | None:
        """The reply to give without doing the work again, or None. Raises Rejected where the policy refuses."""
        ...

    def remember(self, call: Call, request: Request[Any], reply: Any, now: float) -> None:
        """Keep what is needed to know this call again."""
        ...


class Door:
    """One operation of one partner, as the link sees it: `admit`, then `act`."""

    __slots__ = ("_guard", "_handler", "_on_replay", "gates", "operation")

    def __init__(
        self,
        operation: Operation,
        handler: Callable[[Any], Any],
        gates: tuple[Gate, ...],
        guard: Guard | None,
        on_replay: Callable[[Operation, Call], None],
    ) -> None:
        self.operation = operation
        self.gates = gates
        self._handler = handler
        self._guard = guard
        self._on_replay = on_replay

    def admit(self, call: Call, now: float) -> float:
        """Seconds to queue before `act`. Raises Rejected."""
        longest = 0.0
        for gate in self.gates:
            wait = gate.admit(call, now)
            if wait > longest:
                longest = wait
        return longest

    def act(self, call: Call, request: Request[Any], now: float) -> Any:
        """Do the work at once and answer. Raises Rejected."""
        guard = self._guard
        if guard is None:
            return self._handler(request)
        known = guard.recall(call, request, now)
        if known is not None:
            self._on_replay(self.operation, call)
            return known
        reply = self._handler(request)
        guard.remember(call, request, reply, now)
        return reply
