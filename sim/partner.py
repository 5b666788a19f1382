"""Partners: state machines with declared operations that commit at once; business time is a SimPy process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from math import inf
from typing import Any, ClassVar, Final

import msgspec

from seatrial.sim.call import INSIDE, Call
from seatrial.sim.cargo import Cargo
from seatrial.sim.conduct import Conduct
from seatrial.sim.door import Door, Gate
from seatrial.sim.errors import HarnessError
from seatrial.sim.fate import Fate
from seatrial.sim.ground import Ground
from seatrial.sim.operation import Operation, operation, operations_of
from seatrial.sim.post import Post
from seatrial.sim.session import GetSubscription, SignedIn, SignIn, Subscribe, Subscription

__all__ = ["Ground", "Partner"]

_OF_WEBHOOKS: Final = frozenset((Subscribe, GetSubscription))


class Partner:
    """Base of every partner: one kind of system of the network, in one file, with its `Settings`.

    Handlers are synchronous, commit at once and raise `Rejected` for the partner's own errors. Latency belongs to the
    link, policies to `conduct`, faults to the rulebook.
    """

    kind: ClassVar[str] = ""
    """Name of the kind: the file's name."""
    Settings: ClassVar[type[msgspec.Struct]]
    """Parameters, each with a unit."""
    operations: ClassVar[Mapping[type, Operation]] = {}
    """Declared operations by type of request."""
    role: ClassVar[str] = ""
    """What it is to the integration where kinds share a part: the three kinds of channel are each a `channel`; empty:
    its kind says it.
    """
    events: ClassVar[Mapping[str, type[msgspec.Struct]]] = {}
    """Events that it tells by webhook, and the document that each carries; without any it offers no subscription."""
    told_once: ClassVar[frozenset[str]] = frozenset()
    """Events that no read of it shows: one that is lost unnoticed is lost, and nobody can be blamed for it."""
    by_file: ClassVar[bool] = False
    """Whether it exchanges files as well, where there is a mailbox."""
    open_ended: ClassVar[bool] = False
    """Whether it takes calls that it does not declare: somebody else's endpoint behind our proxy."""
    url: str = ""
    """Where it is, where it is not ours: `http://host:port`."""
    works: ClassVar[tuple[str, ...]] = ()
    """Work within its walls that a fault may strike (see `strikes`)."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the declared operations."""
        super().__init_subclass__(**kwargs)
        idle = () if cls.events else _OF_WEBHOOKS
        cls.operations = {request: each for request, each in operations_of(cls).items() if request not in idle}

    def __init__(self, name: str, ground: Ground, conduct: Conduct) -> None:
        self.name = name
        self.ground = ground
        self.env = ground.env
        self.evidence = ground.evidence
        self.conduct = conduct
        self.visible_until = float("inf")  # reads see nothing later: a stale read lowers it for one call
        self.leave: Callable[[str, msgspec.Struct], None] = _no_mailbox
        self.post = Post(name, self.kind, conduct.webhooks, ground)
        ground.road.open(name, self.arrive)

    def start(self) -> None:
        """Start the processes that take business time."""

    def arrive(self, cargo: Cargo) -> None:
        """Take goods in. Raises HarnessError where goods have no business here."""
        raise HarnessError(f"{self.name} ({self.kind}) takes no {type(cargo).__name__}")

    @property
    def pending(self) -> int:
        """Pieces of work that are not done with: something is still to come of them."""
        return self.post.pending

    @property
    def now(self) -> float:
        """Second of the run."""
        return self.env.now

    def door(self, request: type) -> Door:
        """A door for one operation, by the type of its request, with the policies of this partner's conduct.

        Gates that operations share are the same at every door. Raises KeyError where there is no such operation.
        """
        each = self.operations[request]
        return self._door(each, self._gates(each))

    def happened(self, event: str, key: str, order: str, quantity: int = 0, amount: int = 0) -> None:
        """Write an event of this partner's ledger."""
        self.evidence.event(event, self.name, key, order, quantity, amount)

    def committed(
        self, document: str, key: str, order: str, document_id: str, *, quantity: int = 0, amount: int = 0
    ) -> None:
        """Write that a document now lives in this partner's books."""
        self.evidence.commit(self.name, "", document, key, order, "created", document_id, quantity, amount)

    def reversed(
        self, document: str, key: str, order: str, document_id: str, *, quantity: int = 0, amount: int = 0
    ) -> None:
        """Write that a document no longer counts: cancelled, voided, reversed."""
        self.evidence.commit(self.name, "", document, key, order, "reversed", document_id, quantity, amount)

    def publish(self, event: str, key: str, order: str, body: msgspec.Struct) -> None:
        """Tell the subscriber by webhook."""
        self.post.send(event, key, order, body)

    def strikes(self, work: str, key: str, order: str, quantity: int = 0) -> Fate | None:
        """Ask the rulebook whether a fault strikes work inside this partner's walls (a pick, a count)."""
        rulebook = self.ground.rulebook
        lane = rulebook.lane(self.name, self.kind, work, INSIDE)
        if not lane:
            return None
        call = Call(self.name, work, INSIDE, key, order, 1, sent_at=self.now, quantity=quantity)
        decision = rulebook.decide(lane, call)
        if decision is None:
            return None
        rulebook.settle(call, decision, mattered=True)
        return decision.fate

    @operation("POST", "/sign-in")
    def sign_in(self, request: SignIn) -> SignedIn:
        """Get a token or a session."""
        lifetime = self.conduct.auth.lifetime * self.ground.pace
        return SignedIn(self.now, self.now + lifetime if lifetime < inf else None)

    @operation("POST", "/subscription")
    def subscribe(self, request: Subscribe) -> Subscription:
        """Subscribe to webhooks, again where the partner had disabled the subscription."""
        return self.post.subscribe(request.url)

    @operation("GET", "/subscription")
    def get_subscription(self, request: GetSubscription) -> Subscription:
        """Whether webhooks are still sent."""
        return self.post.subscription()

    def _door(self, each: Operation, gates: tuple[Gate, ...]) -> Door:
        return Door(each, getattr(self, each.name), gates, self.conduct.guard(each), self._replayed)

    @cached_property
    def _gates(self) -> Callable[[Operation], tuple[Gate, ...]]:
        return self.conduct.gatekeeper(self.ground.pace)

    def _replayed(self, each: Operation, call: Call) -> None:
        if not each.document:
            return
        self.evidence.commit(self.name, each.name, each.document, call.key, call.order, "replayed", "", 0, 0)


def _no_mailbox(name: str, document: msgspec.Struct) -> None:
    """Where there is no mailbox, nobody is left a file."""
