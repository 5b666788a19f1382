"""Somebody else's endpoint: a vendor's sandbox, a replica of it, or the user's own staging service."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import BadInput
from seatrial.sim.operation import Operation
from seatrial.sim.partner import Ground, Partner


class Endpoint(Partner):
    """An HTTP service that is not ours, before which our proxy stands; only on the wire.

    Its calls are not declared: one is named by method and path (`GET /v1/orders`), and its business key is what the
    header Idempotency-Key says, empty where there is none. A rule aims at the endpoint, at `NAME.GET /v1/*` or at one
    call. It keeps no books: what it does is not in the evidence, what struck its callers is. Raises BadInput for a URL
    that leads nowhere.
    """

    kind = "endpoint"
    open_ended = True
    operations: ClassVar[Mapping[type, Operation]] = {}

    class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """Where it is."""

        url: str
        """Its address without a path: `http://host:port` or `https://host`."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct)
        parts = urlsplit(settings.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise BadInput("not the address of an endpoint", value=settings.url, hint="write http://host:port")
        self.url = settings.url.rstrip("/")


Endpoint.operations = MappingProxyType({})  # what every other partner offers: sign-in, subscription
