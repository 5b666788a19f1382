"""The conduct of a partner: its policy values, as data; a profile of a vendor is one set of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from seatrial.sim.door import Gate, Guard
from seatrial.sim.latency import Latency, Lognormal
from seatrial.sim.operation import Operation
from seatrial.sim.policies.auth import Auth, NoAuth
from seatrial.sim.policies.idempotency import Idempotency
from seatrial.sim.policies.limiter import Limiter
from seatrial.sim.policies.reads import CursorReads, Reads
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.quantities import Seconds
from seatrial.sim.session import SignIn

EVERY = "*"
"""Stands for every operation without a policy of its own."""


class Conduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a partner behaves towards its callers, whatever its business is."""

    latency: Latency = Lognormal(Seconds(0.06), Seconds(0.4))
    """Round trip of its link."""
    auth: Auth = NoAuth()
    """How callers identify themselves."""
    limits: Mapping[str, Limiter] = {}
    """Rate limits by operation; `*` for one that all other operations share."""
    idempotency: Mapping[str, Idempotency] = {}
    """What a repeated write gives, by operation; `*` for all others."""
    reads: Reads = CursorReads()
    """How lists are paged and how late changes become visible."""
    webhooks: Webhooks = Webhooks()
    """How events are delivered."""

    def idempotency_of(self, operation: Operation) -> Idempotency | None:
        """The idempotency policy of an operation; None where it has none: a repeated write is done again."""
        policy = self.idempotency.get(operation.name) or (self.idempotency.get(EVERY) if operation.document else None)
        return policy if operation.write else None

    def guard(self, operation: Operation) -> Guard | None:
        """The same, at work."""
        policy = self.idempotency_of(operation)
        return policy.guard(operation) if policy is not None else None

    def gatekeeper(self, pace: float = 1.0) -> Callable[[Operation], tuple[Gate, ...]]:
        """The gates before each operation; operations without a limit of their own share one.

        Gates keep technical time; `pace` are the seconds of business time, in which sign-ins are dated, in one of it.
        """
        auth = self.auth.gate(pace)
        shared = self.limits[EVERY].gate() if EVERY in self.limits else None

        def gates(operation: Operation) -> tuple[Gate, ...]:
            own = self.limits.get(operation.name)
            limiter = own.gate() if own is not None else shared
            before = None if operation.request is SignIn else auth
            return tuple(gate for gate in (before, limiter) if gate is not None)

        return gates
