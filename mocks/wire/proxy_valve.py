"""A valve in one direction of a plain connection: what passes is late, slow, or held back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

_END: Final = b""  # in the queue: the end of what is said
_PULSE: Final = 0.05  # seconds of a narrow way's flow in one piece
_FULL: Final = 1 << 18  # bytes held, from which on the sender is not read any more


class Valve:
    """Stands in for the writer of a connection: open, it passes everything on at once.

    `delay` holds each byte for so many seconds, `rate` passes so many bytes a second (0: any number), `shut` holds
    everything. The end of the stream keeps its place behind what was said. `touched` is called when something is held.
    """

    def __init__(self, writer: Any, touched: Callable[[], None]) -> None:
        self.delay = self.rate = 0.0
        self.shut = False
        self.on_data: Callable[[], None] | None = None
        self._writer = writer
        self._touched = touched
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, bytes]] = deque()
        self._held = 0
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._emptied = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Pass on, or hold."""
        if self.on_data is not None:
            self.on_data()
        elif self._queue or self.shut or self.delay or self.rate:
            self._hold(bytes(data))
        else:
            self._writer.write(data)

    def write_eof(self) -> None:
        """End this direction, once what is held has left."""
        if self._queue or self.shut:
            self._hold(_END)
        else:
            self._writer.write_eof()

    def close(self) -> None:
        """Close, once what is held has left."""
        self._closing = True
        if not self._queue and not self.shut:
            self._writer.close()

    def is_closing(self) -> bool:
        """Whether it was closed, by us or by its other end."""
        return self._closing or bool(self._writer.is_closing())

    async def drain(self) -> None:
        """Wait until the sender may go on."""
        while self._held > _FULL and not self._writer.is_closing():
            self._emptied.clear()
            await self._emptied.wait()
        await self._writer.drain()

    def open(self) -> None:
        """Let everything pass again; what was held goes first."""
        self.delay = self.rate = 0.0
        self.shut = False
        self._free_at = 0.0
        self._queue = deque((0.0, data) for _, data in self._queue)
        self.pump()
        if self._closing and not self._queue:
            self._writer.close()

    def pump(self) -> None:
        """Pass on what is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue and not self.shut:
            due = max(self._queue[0][0], self._free_at)
            if due > self._loop.time() + 1e-4:
                self._timer = self._loop.call_at(due, self.pump)
                return
            self._pass(due)
        if not self._queue:
            self._emptied.set()
            if self._closing and not self.shut:
                self._writer.close()

    def _pass(self, due: float) -> None:
        at, data = self._queue.popleft()
        if data is _END:
            if not self._writer.is_closing():
                self._writer.write_eof()
            return
        if self.rate:
            most = max(1, int(self.rate * _PULSE))
            if len(data) > most:
                self._queue.appendleft((at, data[most:]))
                data = data[:most]
            self._free_at = max(due, self._loop.time()) + len(data) / self.rate
        self._held -= len(data)
        if self._held <= _FULL:
            self._emptied.set()
        if not self._writer.is_closing():
            self._writer.write(data)

    def _hold(self, data: bytes) -> None:
        self._queue.append((self._loop.time() + self.delay, data))
        self._held += len(data)
        self._touched()
        if self._timer is None:
            self.pump()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)
