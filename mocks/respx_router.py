"""The partners behind respx: for code that makes its own httpx client and takes no transport."""

from __future__ import annotations

import respx

from seatrial.mocks.httpx_transport import HttpxTransport


def partners_router(transport: HttpxTransport) -> respx.MockRouter:
    """A router that takes every asynchronous httpx call of this process to the partners, while it is started.

    A URL of nobody fails as it does with the transport. Use it as a context manager; what was called stands in
    `router.calls`.
    """
    router = respx.MockRouter(assert_all_called=False)
    router.route().mock(side_effect=transport.handle_async_request)
    return router
