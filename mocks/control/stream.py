"""Server-sent events: everybody who watches is told, and nobody who is slow holds up the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from seatrial.mocks.control.gate import CAREFUL, NOTHING_ELSE
from seatrial.mocks.control.picture import Seen
from seatrial.mocks.wire.asgi import Receive, Send
from seatrial.sim.errors import Rejected

MOST: Final = 16
"""Watchers at a time."""
_BACKLOG: Final = 100
"""Calls that wait for a slow watcher; older ones are left out."""
_PATIENCE: Final = 20.0
"""Real seconds in which a watcher has to take what it was sent."""
_RETRY: Final = b"retry: 2000\n\n"


class _Watcher:
    """What waits for one watcher: the newest state, and the last calls."""

    __slots__ = ("calls", "done", "state", "wake")

    def __init__(self) -> None:
        self.state: bytes | None = None
        self.calls: deque[Seen] = deque(maxlen=_BACKLOG)
        self.done = False
        self.wake = asyncio.Event()


class Broadcast:
    """Keeps for each watcher what it has not taken yet, bounded. Raises Rejected 503 `too_many_watchers`."""

    def __init__(self) -> None:
        self._watchers: dict[int, _Watcher] = {}
        self._numbered = 0
        self._messages = 0

    def __len__(self) -> int:
        return len(self._watchers)

    def publish(self, state: bytes | None, calls: Iterable[Seen]) -> None:
        """Tell everybody; returns at once."""
        fresh = list(calls)
        for watcher in self._watchers.values():
            watcher.state = state or watcher.state
            watcher.calls.extend(fresh)
            if watcher.state or watcher.calls:
                watcher.wake.set()

    async def serve(self, receive: Receive, send: Send, hello: Iterable[tuple[str, bytes]]) -> bool:
        """Stay with one watcher until it leaves or `close`; False where it had to be given up."""
        if len(self._watchers) >= MOST:
            raise Rejected("too_many_watchers", f"{MOST} watch already; close a page", status=503, retry_after=5)
        watcher = _Watcher()
        self._numbered += 1
        number = self._numbered
        self._watchers[number] = watcher
        leaving = asyncio.create_task(_until_gone(receive, watcher))
        try:
            await self._begin(send, hello)
            await self._tell(watcher, send)
        except TimeoutError:
            return False
        finally:
            leaving.cancel()
            self._watchers.pop(number, None)
        return True

    def close(self) -> None:
        """End every stream; whoever still watches is told that nothing more will come."""
        for watcher in self._watchers.values():
            watcher.done = True
            watcher.wake.set()

    async def _begin(self, send: Send, hello: Iterable[tuple[str, bytes]]) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), *CAREFUL, NOTHING_ELSE]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        first = _RETRY + b"".join(self._message(event, data) for event, data in hello)
        await _sent(send, first)

    async def _tell(self, watcher: _Watcher, send: Send) -> None:
        while not watcher.done:
            await watcher.wake.wait()
            watcher.wake.clear()
            state, watcher.state = watcher.state, None
            calls = list(watcher.calls)
            watcher.calls.clear()
            parts = [self._message("calls", msgspec.json.encode(calls))] if calls else []
            parts += [self._message("state", state)] if state else []
            if parts and not watcher.done:
                await _sent(send, b"".join(parts))
        await _sent(send, self._message("end", b"{}"), more=False)

    def _message(self, event: str, data: bytes) -> bytes:
        """One event; JSON has no line breaks of its own."""
        self._messages += 1
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self._messages, event.encode(), data)


async def _sent(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(_PATIENCE):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _until_gone(receive: Receive, watcher: _Watcher) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    watcher.done = True
    watcher.wake.set()
