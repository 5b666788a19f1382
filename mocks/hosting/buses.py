"""Which event bus a URL names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from seatrial.sim.bus import Bus
from seatrial.sim.errors import BadInput

_KNOWN = ("embedded", "nats://host:port", "redis://host:port")


@asynccontextmanager
async def bus_at(url: str, name: str) -> AsyncIterator[Bus | None]:
    """The bus at a URL, or None for the embedded one; `name` gives a stream its name. Raises BadInput."""
    scheme = urlsplit(url).scheme
    if url in ("", "embedded"):
        yield None
        return
    try:
        if scheme in ("nats", "tls"):
            from seatrial.mocks.hosting.nats_bus import NatsBus as Kind
        elif scheme in ("redis", "rediss"):
            from seatrial.mocks.hosting.redis_bus import RedisBus as Kind  # type: ignore[assignment]
        else:
            raise BadInput("unknown kind of event bus", value=url, known=_KNOWN)
    except ModuleNotFoundError as error:
        hint = f"{error}: pip install 'seatrial[backends]'"
        raise BadInput("a library of this event bus is missing", value=url, hint=hint) from error
    bus = await Kind.connect(url, name)
    try:
        yield bus
    finally:
        await bus.close()
