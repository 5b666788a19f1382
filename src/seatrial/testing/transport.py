"""The partners of a basin as a transport of httpx, for clients that take one."""

from __future__ import annotations

import httpx

from seatrial.testing.basin import Basin


class BasinTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Takes requests of a synchronous or asynchronous client to the partners; each is answered at once."""

    def __init__(self, basin: Basin) -> None:
        self._basin = basin

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or raise what the client would raise on a socket."""
        request.read()
        return self._answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The same."""
        await request.aread()
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = self._basin.answer(request)
        response.request = request
        return response
