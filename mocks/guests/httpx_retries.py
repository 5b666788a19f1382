"""What httpx repeats by itself: a connection that was refused, as often as its transport was told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from seatrial.mocks.http_flavour import flavour_of

__tracebackhide__ = True  # a test that fails shows its own lines and the client's

_FACTOR: Final = 0.5


def repeated(transport: Any, request: Any, ask: Callable[[], Any], pause: Callable[[float], object]) -> Any:
    """Ask, and again after each pause, while nobody accepts the connection."""
    for delay in _pauses(transport):
        try:
            return ask()
        except Exception as error:
            if not isinstance(error, _refused(request)):
                raise
            pause(delay)
    return ask()


async def repeated_async(transport: Any, request: Any, ask: Callable[[], Awaitable[Any]]) -> Any:
    """The same for a client that awaits."""
    for delay in _pauses(transport):
        try:
            return await ask()
        except Exception as error:
            if not isinstance(error, _refused(request)):
                raise
            await asyncio.sleep(delay)
    return await ask()


def _pauses(transport: Any) -> list[float]:
    """One pause for each retry: none before the first, then growing ones, as the library under httpx has them."""
    pool = getattr(transport, "_pool", None)
    told: int = getattr(pool, "retries", 0) or getattr(pool, "_retries", 0)
    return [_FACTOR * 2 ** (number - 1) if number else 0.0 for number in range(told)]


def _refused(request: Any) -> Any:
    return flavour_of(request).connect_error
