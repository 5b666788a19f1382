"""The pool of connections of an HTTP client that is not made before somebody needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class LatePool:
    """Stands in a transport of httpx where its pool would be. `make` puts the real one in its place.

    `retries` is how often a refused connection is tried again. Who asks it after the run, or where the transport's own
    method is another's, asks the real one.
    """

    def __init__(self, transport: Any, make: Callable[[], object], retries: int = 0) -> None:
        self._transport = transport
        self.make = make
        self.retries = retries

    def handle_request(self, request: Any) -> Any:
        """What the real one answers."""
        self.make()
        return self._transport._pool.handle_request(request)  # noqa: SLF001 (it is there by now)

    async def handle_async_request(self, request: Any) -> Any:
        """What the real one answers."""
        self.make()
        return await self._transport._pool.handle_async_request(request)  # noqa: SLF001

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None
