"""The partner's side of a struck call: asked by the proxy itself, so that a caller who leaves stops nothing."""

from __future__ import annotations

from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from mitmproxy.http import Headers, Request, Response
from yarl import URL

from seatrial.sim.envelopes import ATTEMPT, STRUCK

LONGEST: Final = 120.0
"""Seconds that a partner is waited for at most."""
_OWN = frozenset(  # headers that belong to one connection and not to the message (RFC 9110, 7.6.1), and the length
    (
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_ADDED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")  # aiohttp's own, if we had let it
_IDLE = 2.0  # seconds after which an idle connection is not used again: servers close theirs after five


class Upstream:
    """Connections to the partners, kept alive between calls; to be made within the loop, and closed."""

    def __init__(self) -> None:
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=_IDLE),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_ADDED,
            timeout=ClientTimeout(total=LONGEST),
        )

    async def ask(self, address: str, request: Request, rule: str, attempt: int) -> Response:
        """The partner's reply to a copy of a request; a 502 where there is none."""
        own = _OWN | {each.strip().lower() for each in request.headers.get("connection", "").split(",")}
        headers = [(name, value) for name, value in request.headers.items(multi=True) if name.lower() not in own]
        headers = [pair for pair in headers if pair[0].lower() not in (ATTEMPT, STRUCK)]
        headers += [(STRUCK, rule), (ATTEMPT, str(attempt))]
        url = URL(address + request.path, encoded=True)
        body = request.raw_content or None
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as reply:
                return _response(request.method, reply, await reply.read())
        except (ClientError, TimeoutError, OSError) as error:
            return Response.make(502, f"no reply from {address}: {error}", {"content-type": "text/plain"})

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def _response(method: str, reply: ClientResponse, body: bytes) -> Response:
    status = reply.status
    has_length = method != "HEAD" and status not in (204, 304) and status >= 200
    own = _OWN if has_length else _OWN - {"content-length"}
    kept = [(name, value) for name, value in reply.raw_headers if name.lower().decode("latin-1") not in own]
    if has_length:
        kept.append((b"content-length", b"%d" % len(body)))
    reason = (reply.reason or "").encode("latin-1", "replace")
    return Response(b"HTTP/1.1", status, reason, Headers(kept), body, None, 0.0, 0.0)
