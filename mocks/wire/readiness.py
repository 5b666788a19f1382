"""When an integration is ready: it answers, it listens, or it says so in its log."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from seatrial.mocks.wire.harbour import LOOPBACK
from seatrial.sim.errors import BadInput, SeatrialError

_EVERY: Final = 0.05  # seconds between two looks
_LONG_ENOUGH: Final = aiohttp.ClientTimeout(total=2.0)
_AT_ONCE: Final = 1 << 20  # bytes of a log that are read in one look
_LONGEST: Final = 4096  # bytes in which what is looked for has room
Probe = Callable[[], Awaitable[bool]]
"""One look."""


class NotReady(SeatrialError):
    """The integration ended, or did not become ready in its time: that is its own failure."""

    exit_code = 1


def probe_of(sign: str, url: str, log: Path | None) -> Probe:
    """How to look for a sign: `port`, `http:/path` (a 2xx), `log:pattern`. Raises BadInput for any other."""
    kind, _, rest = sign.partition(":")
    if kind == "port" and not rest:
        return lambda: _listens(url)
    if kind == "http" and rest.startswith("/"):
        return lambda: _answers(url + rest)
    if kind == "log" and rest and log is not None:
        return _said(rest, log)
    known = ("port", "http:/path", "log:pattern")
    hint = "a log can be read only of a command that is started here" if kind == "log" and log is None else ""
    raise BadInput("no such sign of readiness", value=sign, known=known, hint=hint, where="--ready")


async def until_ready(probe: Probe, within: float, ended: Callable[[], str]) -> None:
    """Look until the sign is there. `ended` tells how it ended, if it did; raises NotReady."""
    loop = asyncio.get_running_loop()
    limit = loop.time() + within
    while True:
        why = ended()  # asked first: somebody else may listen where the integration does not live any more
        if why:
            raise NotReady(f"the integration {why} before it was ready")
        if await probe():
            return
        if loop.time() > limit:
            raise NotReady(
                f"the integration was not ready within {within:g} s · --ready says how to tell, --ready-within how long"
            )
        await asyncio.sleep(_EVERY)


async def _listens(url: str) -> bool:
    place = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(place.hostname or LOOPBACK, place.port or 80)
    except OSError:
        return False
    writer.close()
    return True


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession(timeout=_LONG_ENOUGH) as session, session.get(url) as reply:
            return reply.status < 300
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _said(pattern: str, log: Path) -> Probe:
    try:
        wanted = re.compile(pattern.encode())
    except re.error as error:
        raise BadInput(f"no regular expression: {error}", value=pattern, where="--ready") from error

    read, tail = 0, b""

    async def said() -> bool:
        nonlocal read, tail
        with suppress(OSError), log.open("rb") as lines:
            lines.seek(read)
            text = tail + lines.read(_AT_ONCE)
            read, tail = lines.tell(), text[-_LONGEST:]
            return wanted.search(text) is not None
        return False

    return said
