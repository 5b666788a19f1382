"""A call under way: who asks what of whom, until when somebody waits, and what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from simpy import Environment

from seatrial.sim.call import REQUEST, Call
from seatrial.sim.door import Door
from seatrial.sim.errors import HarnessError, Rejected
from seatrial.sim.operation import Operation, Request
from seatrial.sim.partner import Partner
from seatrial.sim.rulebook import ArmedRule
from seatrial.sim.waits import Errand, after

_COPIES = 64  # replies kept for stale reads, where a rule aims at a read


class Line:
    """One operation of one partner as callers reach it."""

    __slots__ = ("copies", "count", "document", "door", "gated", "key_of", "lane", "name", "order_of", "partner")

    def __init__(self, partner: Partner, operation: Operation) -> None:
        rulebook = partner.ground.rulebook
        self.partner = partner
        self.name = operation.name
        self.document = operation.document
        self.door: Door = partner.door(operation.request)
        self.gated = bool(self.door.gates)
        self.lane: list[ArmedRule] = rulebook.lane(
            partner.name, partner.kind, operation.name, REQUEST, operation.access
        )
        self.key_of: Callable[[Any], str] = operation.key_of()
        self.order_of: Callable[[Any], str] = operation.order_of()
        self.count = count(1).__next__  # tells calls without a business key apart
        self.copies: deque[tuple[float, Any, Any]] = deque(maxlen=0 if operation.write else _COPIES)


class Lines(dict[type[Request[Any]], Line]):
    """The operations of a partner by the type of their request, each laid out when somebody comes to use it.

    Raises HarnessError for what the partner does not offer.
    """

    def __init__(self, partner: Partner) -> None:
        super().__init__()
        self._partner = partner

    def __missing__(self, request: type[Request[Any]]) -> Line:
        partner = self._partner
        operation = partner.operations.get(request)
        if operation is None:
            known = ", ".join(sorted(each.name for each in partner.operations.values()))
            raise HarnessError(
                f"{partner.name} ({partner.kind}) has no operation for {request.__name__} · known: {known}"
            )
        line = self[request] = Line(partner, operation)
        return line


class Exchange(Errand):
    """One call under way, and its reply: what the handler answered, or the Rejected that it raised.

    `gap` has the request arrive a second time, so many seconds after the first; `age` has a read answered from a copy
    as old as that. States: on its way out, `queued` at the partner, on its way back; `late` when nobody waits for the
    reply.
    """

    __slots__ = ("age", "back", "call", "deadline", "gap", "late", "line", "out", "queued", "reply", "request")

    def __init__(self, line: Line, call: Call, request: Request[Any], trip: float, deadline: float) -> None:
        self.line = line
        self.call = call
        self.request = request
        self.out = self.back = trip / 2
        self.deadline = deadline
        self.late = self.queued = False
        self.gap = self.age = -1.0
        self.reply: Any = None

    def work(self) -> float:
        """The request reaches the partner: gates, work, and the way back or as much of it as somebody waits for."""
        line, now = self.line, self.env._now  # noqa: SLF001
        if self.gap >= 0 and not self.queued:
            copy = Exchange(line, self.call, self.request, 0.0, self.deadline)
            after(self.env, self.gap, copy.arrive_unheard, self.env)
        wait = 0.0
        try:
            if line.gated and not self.queued:
                wait = line.door.admit(self.call, now)
        except Rejected as error:
            self.reply = error
        else:
            if wait:
                return self._queue(now, wait)
            self.act(now)
        left = self.deadline - now
        if self.back <= left:
            return self.back
        self.late = True
        return max(0.0, left)

    def _queue(self, now: float, wait: float) -> float:
        """Wait for a turn at the partner, as long as somebody waits for the reply."""
        if now + wait > self.deadline:
            after(self.env, wait, self.act, now + wait)  # its turn comes; nobody waits for it any more
            self.late = True
            return max(0.0, self.deadline - now)
        self.queued = self.again = True
        return wait

    def act(self, now: float) -> None:
        """Have the partner do its work, and keep its reply, or the Rejected that it raised."""
        line = self.line
        try:
            self.reply = self._old(now) if self.age >= 0 else line.door.act(self.call, self.request, now)
        except Rejected as error:
            self.reply = error
        else:
            if line.lane and self.age < 0:  # what is stale now was not true now
                line.copies.append((now, self.request, self.reply))

    def arrive_unheard(self, env: Environment) -> None:
        """The request reaches the partner, and nobody waits for the reply; it queues like any other."""
        try:
            wait = self.line.door.admit(self.call, env.now)
        except Rejected:
            return
        if wait:
            after(env, wait, self.act, env.now + wait)
        else:
            self.act(env.now)

    def _old(self, now: float) -> Any:
        """The reply that was true a while ago, or one that sees no later change. Raises Rejected."""
        line, then = self.line, now - self.age
        held = [reply for at, asked, reply in line.copies if at <= then and asked == self.request]
        if held:
            return held[-1]
        line.partner.visible_until = then
        try:
            return line.door.act(self.call, self.request, now)
        finally:
            line.partner.visible_until = float("inf")
