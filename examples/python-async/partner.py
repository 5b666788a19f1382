"""A partner as it is called: sign-in, deadlines, retries, and three kinds of endings that must not be mixed up."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from store import Document

SILENCE = 2.0
"""Seconds to connect, and between two bytes of a reply."""
DEADLINE = 6.0
"""Seconds for a whole reply: a partner that drips one byte a second must not hold us up."""
AT_ONCE = 12
"""Calls in flight to one partner."""
ATTEMPTS = 4
BACKOFF = 0.2
"""Seconds before the second attempt; doubles, with jitter."""
LONGEST_WAIT = 10.0
"""Seconds that a Retry-After may ask for; beyond that it is not believed."""

Find = Callable[[], Awaitable[Document | None]]
"""Looks whether a document is there already."""


class Failed(Exception):
    """A call has not ended well."""

    again = True
    """Whether the same call may fare better in a moment."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        """What happened, and the seconds that the partner asks us to wait."""
        super().__init__(text)
        self.wait = wait


class Unclear(Failed):
    """Nobody knows whether the partner did it: a timeout, a reset, a 5xx, a reply that cannot be read."""


class Rejected(Failed):
    """The partner said no, and why: nothing was done, and asking again as before gets the same answer."""

    def __init__(self, where: str, status: int, complaint: Document, wait: float = 0.0) -> None:
        """A refusal with the partner's code."""
        super().__init__(f"{where}: {status} {complaint.get('code', '')} {complaint.get('message', '')}", wait)
        self.again = status == httpx.codes.TOO_MANY_REQUESTS
        self.code: str = complaint.get("code", "")
        self.pointer: str = complaint.get("pointer", "")


class Partner:
    """One partner, over one client that keeps its connections. Calls raise Rejected or Unclear and nothing else."""

    now = 0.0
    """The business clock, as the partner's replies tell it: second of the run."""

    def __init__(self, told: Document) -> None:
        """A partner as an entry of SEATRIAL_PARTNERS describes it."""
        self.name: str = told["name"]
        self.kind: str = told["kind"]
        self.role: str = told["role"]
        self.secret: str = told["webhook_secret"]
        self._token: str = told["token"]
        self._sign_in = asyncio.Lock()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._client = httpx.AsyncClient(base_url=told["url"], timeout=SILENCE, trust_env=False)

    async def get(self, path: str, **query: str | int) -> Document:
        """Read something."""
        return await self.call(f"GET {path}", query=query)

    async def call(
        self, what: str, body: Document | None = None, *,
        query: dict[str, str | int] | None = None, key: str = "", order: str = "", find: Find | None = None,
    ) -> Document:  # fmt: skip
        """Call until there is an answer. The key goes with every attempt.

        `find` is asked after every unclear end, because a partner that remembers no keys would do the work twice.
        """
        attempt = 1
        while True:
            try:
                return await self.once(what, body, query=query, key=key, order=order)
            except Failed as error:
                if attempt == ATTEMPTS or not error.again:
                    raise
                await asyncio.sleep(max(jittered(BACKOFF * 2 ** (attempt - 1)), error.wait))
                if find and isinstance(error, Unclear) and (found := await find()) is not None:
                    return found
            attempt += 1

    async def once(
        self, what: str, body: Document | None = None, *, query: Any = None, key: str = "", order: str = ""
    ) -> Document:
        """Call once: for what must not be repeated before somebody has looked."""
        headers = {name: value for name, value in (("Idempotency-Key", key), ("X-Correlation-Id", order)) if value}
        token = self._token
        reply = await self._send(what, body, query, headers, token)
        if reply.status_code in (401, 403) and token:  # the token ran out: this attempt was no attempt
            reply = await self._send(what, body, query, headers, await self._renewed(token))
        return self._understood(reply, what)

    async def _send(self, what: str, body: Any, query: Any, headers: dict[str, str], token: str) -> httpx.Response:
        method, path = what.split(" ", 1)
        if token:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        try:
            async with self._turns, asyncio.timeout(DEADLINE):
                reply = await self._client.request(method, path, json=body, params=query, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unclear(f"{self.name} {what}: {type(error).__name__}") from error
        self.now = max(self.now, float(reply.headers.get("X-Business-Time", 0)))
        return reply

    def _understood(self, reply: httpx.Response, what: str) -> Document:
        """What a reply says. A 200 with an error page in it says nothing: it is unclear, not "no orders"."""
        where, document = f"{self.name} {what}", _document(reply)
        wait = _sensible(reply.headers.get("Retry-After", ""))
        if reply.is_success and document is not None:
            return document
        if reply.is_client_error and reply.status_code != httpx.codes.REQUEST_TIMEOUT:
            raise Rejected(where, reply.status_code, (document or {}).get("error", {}), wait)
        raise Unclear(f"{where}: {reply.status_code}, or not a document", wait)

    async def _renewed(self, expired: str) -> str:
        """A new token, got once for all calls that found the old one expired."""
        async with self._sign_in:
            if self._token == expired:
                reply = await self._send("POST /sign-in", {}, None, {}, "")
                self._token = self._understood(reply, "POST /sign-in")["token"]
            return self._token


def jittered(seconds: float) -> float:
    """About so long: who failed together must not come back together."""
    return seconds * random.uniform(0.5, 1.5)


def _document(reply: httpx.Response) -> Document | None:
    try:
        said = reply.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _sensible(asked: str) -> float:
    """Seconds that a Retry-After asks for, as a number or as a date, if that is a wait that anybody would mean."""
    try:
        wait = float(asked) if asked.isdigit() else parsedate_to_datetime(asked).timestamp() - time.time()
    except ValueError:
        return 0.0
    return wait if 0 < wait <= LONGEST_WAIT else 0.0
