"""The sea as a guest finds it: partners by URL, a durable state, and somewhere to be told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from seatrial.mocks.berths import Berth
from seatrial.mocks.guests.receivers import check_receiver
from seatrial.mocks.guests.state import Database, State
from seatrial.sim.errors import UnknownName


class Webhook(msgspec.Struct, frozen=True):
    """A webhook as it arrives: the request that a server on real sockets would get."""

    partner: str
    """Who tells."""
    event: str
    """Name of the event, as in the body."""
    headers: Mapping[str, str]
    """Headers by name in lower case, the signature among them."""
    body: bytes
    """JSON: `notice_no`, `event`, `partner`, `key`, `order_no`, `at`, `sequence`, and the document as `body`."""

    @property
    def path(self) -> str:
        """Where it is posted to."""
        return f"/webhooks/{self.partner}"

    def json(self) -> Any:
        """The body, read."""
        return msgspec.json.decode(self.body)


Callback = Callable[[Webhook], Awaitable[int | None] | int | None]
"""Takes a webhook; None is 204, a number from 100 to 599 is a status, anything else and whatever it raises is 500."""


class Sea:
    """All that the guest's code is given; everything else it has from Python, httpx and asyncio themselves."""

    def __init__(
        self,
        berths: Mapping[str, Berth],
        environment: Mapping[str, str],
        start: datetime,
        state: State,
        database: Database,
        controls: Mapping[str, Any],
    ) -> None:
        self.partners = berths
        """Where each partner is found, by name."""
        self.environment = environment
        """The variables that a program on real sockets would be started with."""
        self.start = start
        """Wall-clock time at which the run begins."""
        self.state = state
        """What survives a crash, as a mapping that is durable at once."""
        self.database = database
        """The same, as one asks a database: each statement is awaited."""
        self.controls = controls
        """`controls` of the scenario."""
        self.receiver: Callable[..., Any] | None = None
        """Who takes webhooks."""
        self.engaged: Callable[[Callable[..., Any]], object] = lambda _: None
        """Is told who takes webhooks."""

    @property
    def urls(self) -> Mapping[str, str]:
        """Base URL by name of the partner."""
        return {name: berth.url for name, berth in self.partners.items()}

    def url(self, partner: str) -> str:
        """Base URL of a partner. Raises UnknownName."""
        return self._berth(partner).url

    def token(self, partner: str) -> str:
        """The bearer token that a partner accepts from the beginning; empty where it wants none. Raises UnknownName."""
        return self._berth(partner).token

    def webhook_secret(self, partner: str) -> str:
        """What a partner signs its webhooks with; empty where it does not. Raises UnknownName."""
        return self._berth(partner).webhook_secret

    def webhooks(self, receiver: Callable[..., Any]) -> None:
        """Have webhooks brought to an ASGI app, or to a function of one `Webhook`, from now on.

        Until then nobody listens, and their senders try again; the lifespan of an app begins now, as when a server
        starts it. Raises BadInput for what cannot be called so.
        """
        check_receiver(receiver)
        self.receiver = receiver
        self.engaged(receiver)

    def _berth(self, partner: str) -> Berth:
        if partner not in self.partners:
            raise UnknownName("no such partner in this world", value=partner, known=sorted(self.partners))
        return self.partners[partner]
