"""The partners as a transport of httpx: `httpx.AsyncClient(transport=HttpxTransport(links, life))`."""

from __future__ import annotations

import httpx

from seatrial.mocks.http_transport import PartnersTransport


class HttpxTransport(PartnersTransport, httpx.AsyncBaseTransport):
    """The transport under the name that httpx's types ask for; behaves as `PartnersTransport` says."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # type: ignore[override]
        """Answer a request, or raise what the client would raise on a socket."""
        answered: httpx.Response = await super().handle_async_request(request)
        return answered
