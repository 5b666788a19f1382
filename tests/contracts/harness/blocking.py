"""Clients that block, as synchronous code of a guest has them, asked as httpx's asynchronous one is."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import httpx
import requests

from seatrial.mocks.guests.greenlets import in_greenlet
from seatrial.mocks.guests.routing import PARTNERS, routed
from seatrial.mocks.httpx_transport import HttpxTransport

BASE = "http://erp.seatrial"


class Blocking(Protocol):
    """A client that blocks; it raises and answers in the words of httpx."""

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask, and wait for the answer."""
        ...


class BlockingHttpx:
    """The synchronous client of httpx."""

    def __init__(self, timeout: float) -> None:
        self._client = httpx.Client(base_url=BASE, timeout=timeout)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._client.request(method, path, **options)


class BlockingRequests:
    """`requests`: what it answers and raises is told in the words of httpx."""

    def __init__(self, timeout: float) -> None:
        self._session = requests.Session()
        self._timeout = timeout

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._session.request(method, BASE + path, timeout=self._timeout, **options)
        except requests.Timeout as error:
            raise _cause(error, httpx.ReadTimeout) from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise _cause(error, httpx.TransportError) from error
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)


def _cause(error: Exception, kind: type[httpx.TransportError]) -> httpx.TransportError:
    """What httpx said, out of sight; anything else is a failure of the test."""
    assert error.__cause__ is None
    said: BaseException | None = error
    while not isinstance(said, kind):
        assert said is not None
        said = said.__context__
    return said


class InGreenlets:
    """Has a client that blocks do so where it may."""

    def __init__(self, client: Blocking, transport: HttpxTransport) -> None:
        self._client = client
        self._transport = transport

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self._ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self._ask("POST", path, **options)

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        before = PARTNERS.set(self._transport)
        try:
            with routed():
                answer: httpx.Response = await in_greenlet(partial(self._client.ask, method, path, **options))
                return answer
        finally:
            PARTNERS.reset(before)
