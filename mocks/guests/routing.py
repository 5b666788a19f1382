"""Where the calls of a guest's own HTTP clients go: to the partners, whatever client it made and whenever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from seatrial.mocks.guests import greenlets
from seatrial.mocks.guests.httpx_pace import quicken
from seatrial.mocks.guests.httpx_retries import repeated, repeated_async
from seatrial.mocks.guests.latepool import LatePool
from seatrial.mocks.guests.nearby import Nearby, nearby
from seatrial.mocks.guests.requests_adapter import asked
from seatrial.mocks.http_transport import PartnersTransport
from seatrial.sim.fences import FencedLoop, LeftVirtualTime
from seatrial.sim.rebinding import Rebinding, SharedRebinding

__tracebackhide__ = True  # a test that fails shows its own lines and the client's

PARTNERS: Final[ContextVar[PartnersTransport | None]] = ContextVar("seatrial.partners", default=None)
"""The partners as the present life of a guest reaches them; None: this code is no guest."""
LIBRARIES: Final = ("httpx", "httpx2")
"""Libraries of one make: the transports under their clients are stood in for."""
_REQUESTS: Final = "requests"
_WAY_OUT: Final = "nobody else runs while it blocks: await httpx.AsyncClient, or put the call into asyncio.to_thread"


def _bind(rebinding: Rebinding) -> None:
    for name in LIBRARIES:
        if find_spec(name) is not None:
            library = import_module(name)
            _bind_transport(rebinding, library.AsyncHTTPTransport, "handle_async_request", _asynchronous)
            _bind_transport(rebinding, library.HTTPTransport, "handle_request", _synchronous)
            quicken(rebinding, library)
    if find_spec(_REQUESTS) is not None:
        adapter = import_module("requests.adapters").HTTPAdapter
        rebinding.attribute(adapter, "send", _requests(adapter.send))
        sessions = import_module("requests.sessions")
        rebinding.attribute(sessions, "get_environ_proxies", _proxies(sessions.get_environ_proxies))


routed: Final = SharedRebinding(_bind).held
"""While this context lasts, clients of httpx, httpx2 and requests that a guest uses ask the partners.

Whoever is no guest asks the network as ever, but for calls to partners that are nearby (see `nearby`).
"""


def _bind_transport(rebinding: Rebinding, transport: Any, method: str, stand_in: Any) -> None:
    rebinding.attribute(transport, method, stand_in(getattr(transport, method)))
    rebinding.attribute(transport, "__init__", _made_late(transport))


def _made_late(transport: Any) -> Any:
    """Its pool is made when it is needed, which is never: for it certificates are read, at ten times a call's cost."""
    make = transport.__init__

    def made(self: Any, *args: Any, **options: Any) -> None:
        if PARTNERS.get() is None:
            make(self, *args, **options)
        else:
            self._pool = LatePool(self, lambda: make(self, *args, **options), options.get("retries", 0))

    return made


def _asynchronous(real: Any) -> Any:
    async def handle_async_request(self: Any, request: Any) -> Any:
        partners = PARTNERS.get()
        if partners is None:
            near = nearby(str(request.url))
            if near is None:
                return await real(self, request)
            await request.aread()
            return repeated(self, request, partial(near.answer, request), near.pass_time)
        if found := partners.found(request.url):
            return await repeated_async(self, request, partial(partners.answer, request, found))
        with _elsewhere(self, partners, request):
            return await real(self, request)

    return handle_async_request


def _synchronous(real: Any) -> Any:
    def handle_request(self: Any, request: Any) -> Any:
        partners = PARTNERS.get()
        if partners is None:
            near = nearby(str(request.url))
            return real(self, request) if near is None else _answered(self, near, request)
        found = partners.found(request.url)
        if not found:
            with _elsewhere(self, partners, request):
                return real(self, request)
        _check(f"a synchronous {type(request).__module__.partition('.')[0]} client in asynchronous code")
        request.read()
        ask = partial(partners.answer, request, found)
        response = repeated(self, request, lambda: greenlets.wait(ask()), greenlets.sleep)
        response.request = request
        return response

    return handle_request


def _answered(transport: Any, near: Nearby, request: Any) -> Any:
    """The answer of partners nearby to a synchronous client."""
    request.read()
    response = repeated(transport, request, partial(near.answer, request), near.pass_time)
    response.request = request
    return response


@contextmanager
def _elsewhere(transport: Any, partners: PartnersTransport, request: Any) -> Iterator[None]:
    """A host that is no partner: the code's own tests may stand in for it, with respx; else it meets the fence."""
    if isinstance(transport._pool, LatePool):  # noqa: SLF001 (ours)
        transport._pool.make()  # noqa: SLF001
    loop = asyncio._get_running_loop()  # noqa: SLF001 (unlike get_running_loop it is quiet where there is none)
    before = loop.left if isinstance(loop, FencedLoop) else None
    try:
        yield
    except LeftVirtualTime:
        if isinstance(loop, FencedLoop):
            loop.left = before
        raise partners.nobody(request) from None


def _requests(real: Any) -> Any:
    def send(  # noqa: PLR0913 (as requests has it)
        self: Any,
        request: Any,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        partners = PARTNERS.get()
        near = nearby(request.url) if partners is None else None
        if partners is None and near is None:
            return real(self, request, stream, timeout, verify, cert, proxies)
        if near is not None:
            return asked(self, request, timeout, near.answer, near.pass_time)
        assert partners is not None
        _check("requests in asynchronous code")
        ask = partners.handle_async_request
        return asked(self, request, timeout, lambda question: greenlets.wait(ask(question)), greenlets.sleep)

    return send


def _proxies(real: Any) -> Any:
    """Nothing stands before a partner; to look for it in every variable of the environment takes longer than a call."""

    def get_environ_proxies(url: Any, no_proxy: Any = None) -> Any:
        return real(url, no_proxy=no_proxy) if PARTNERS.get() is None else {}

    return get_environ_proxies


def _check(what: str) -> None:
    """Raises LeftVirtualTime where synchronous code may not wait."""
    if greenlets.is_inside():
        return
    loop = asyncio._get_running_loop()  # noqa: SLF001 (unlike get_running_loop it is quiet where there is none)
    if isinstance(loop, FencedLoop):
        raise loop.fence_hit(what, _WAY_OUT)
    raise RuntimeError(f"{what} outside of the run")
