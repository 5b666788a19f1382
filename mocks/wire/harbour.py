"""The harbour: every partner of a world behind a port of its own, on one server and one clock."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from seatrial.mocks.wire.asgi import App, Receive, Scope, Send, refuse
from seatrial.mocks.wire.connection import Crowd, Protocol
from seatrial.sim.errors import HarnessError, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK: Final = "127.0.0.1"
_FILES: Final = 16_384
"""Open files that we ask the system for: connections are files, and so are parts of the evidence."""
_OWN_FILES: Final = 400
"""Of these, what we need for anything but connections."""
_CONNECTIONS: Final = 1_000
"""Connections to one application at a time, at most: a flood at one partner leaves the others alone."""
_LAST_WORDS: Final = 2
"""Seconds in which requests under way may end when the harbour closes."""


class _Server(uvicorn.Server):
    """Uvicorn without a say in signals: the harness hears them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


class Harbour:
    """Applications by name, each at a port of its own. States: closed, open, closed again.

    What an application fails with is a fault of the harness: `failed` is told. Raises HarnessError for a port that is
    taken.
    """

    def __init__(
        self,
        applications: Mapping[str, App],
        failed: Callable[[BaseException], None],
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self._applications = dict(applications)
        self._failed = failed
        self._wanted = dict(ports or {})
        self._by_port: dict[int, App] = {}
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.ports: dict[str, int] = {}

    async def open(self) -> None:
        """Listen at every port; returns once all of them take connections."""
        wanted = self._wanted  # first of all: what is wanted is not drawn for another
        sockets = [self._bound(name) for name in sorted(self._applications, key=lambda name: not wanted.get(name))]
        self._by_port = {self.ports[name]: each for name, each in self._applications.items()}
        crowd = Crowd(min(_CONNECTIONS, max(16, (_files() - _OWN_FILES) // len(sockets))))
        protocol: Any = partial(Protocol, crowd=crowd)
        config = uvicorn.Config(
            self._enter, http=protocol, ws="none", lifespan="off", log_config=None, access_log=False, loop="none",
            server_header=False, date_header=False, backlog=1024,
            timeout_keep_alive=75, interface="asgi3", proxy_headers=False, timeout_graceful_shutdown=_LAST_WORDS,
        )  # fmt: skip
        for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets))
        while not self._server.started:
            if self._serving.done():
                await self._serving
                raise HarnessError("the partners' server did not start")
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Stop listening; requests under way may end, but not for long."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        with suppress(asyncio.CancelledError):
            await self._serving

    def url(self, name: str) -> str:
        """Base URL of an application."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._by_port[scope["server"][1]](scope, receive, send)
        except Exception as error:  # noqa: BLE001 (a fault of ours: the run says so, the client gets a 500)
            self._failed(error)
            with suppress(RuntimeError):  # its reply may have begun
                await refuse(send, Rejected("harness", "the harness failed; its own log says how", status=500))

    def _bound(self, name: str) -> socket.socket:
        listener = bound(name, self._wanted.get(name, 0))
        listener.setblocking(False)
        self.ports[name] = int(listener.getsockname()[1])
        return listener


def bound(name: str, port: int, hint: str = "") -> socket.socket:
    """A socket at a port; 0: any that is free. Raises HarnessError for a port that is taken, with a hint what to do."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        hint = hint or f"choose another: --port {name}=NUMBER, or 0 for any that is free"
        raise HarnessError(f"port {port} for {name} cannot be used ({error.strerror}) · {hint}") from error
    return listener


def _files() -> int:
    """Files that we may open, after asking for more."""
    try:
        import resource
    except ImportError:  # no such thing on this system
        return _FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < _FILES:
        wanted = _FILES if hard < 0 else min(hard, _FILES)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return soft if soft >= 0 else _FILES
