"""What both twins of a pair share, so that the bug is all that differs: a partner over HTTP, an inbox, an order book.

It is what a careful engineer has in a drawer: attempts that go on until there is an answer, an error page that is not
taken for one, a token that is renewed. `Api.once` leaves all of that to its caller but the token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea

Document = dict[str, Any]
T = TypeVar("T")
Handle = Callable[[T], Awaitable[None]]
PATIENCE = 2.0
"""Seconds that a call waits for its answer."""
BREATH = 1.0
"""Seconds between two looks at what there is to do."""
_AGAIN = (408, 429)


class Unclear(Exception):
    """Nobody knows whether it was done: a timeout, a reset, a 5xx, a page in place of a document."""


class Refused(Exception):
    """The partner said no, and why: nothing was done."""

    def __init__(self, complaint: Document) -> None:
        super().__init__(complaint.get("message", ""))
        self.code: str = complaint.get("code", "")


class Api:
    """One partner over httpx."""

    def __init__(self, sea: Sea, name: str) -> None:
        self.name = name
        self._http = httpx.AsyncClient(base_url=sea.url(name), timeout=PATIENCE)
        self._token = sea.token(name)

    async def once(
        self, method: str, path: str, body: Document | None = None, *, key: str = "", **query: Any
    ) -> Document:
        """One attempt. Raises Unclear and Refused."""
        return understood(await self.answer(method, path, body, key=key, **query))

    async def answer(
        self, method: str, path: str, body: Document | None = None, *, key: str = "", **query: Any
    ) -> httpx.Response:
        """What comes back, whatever it is; a token that ran out is renewed. Raises Unclear where nothing does."""
        try:
            reply = await self._send(method, path, body, key, query)
            if reply.status_code in (401, 403):  # nothing was done
                self._token = understood(await self._send("POST", "/sign-in", {}, "", {}))["token"]
                reply = await self._send(method, path, body, key, query)
        except httpx.HTTPError as error:
            raise Unclear(f"{self.name} {method} {path}: {error!r}") from error
        return reply

    async def insist(
        self, method: str, path: str, body: Document | None = None, *, key: str = "", **query: Any
    ) -> Document:
        """The same attempt, with the same key, until it is answered. Raises Refused."""
        again = retry_if_exception_type(Unclear)
        async for attempt in AsyncRetrying(retry=again, wait=wait_random_exponential(multiplier=0.2, max=2.0)):
            with attempt:
                return await self.once(method, path, body, key=key, **query)
        raise AssertionError

    async def get(self, path: str, **query: Any) -> Document:
        """Read something, until it can be read."""
        return await self.insist("GET", path, **query)

    async def _send(self, method: str, path: str, body: Document | None, key: str, query: Document) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if key:
            headers["Idempotency-Key"] = key
        return await self._http.request(method, path, json=body, params=query, headers=headers)


def understood(reply: httpx.Response) -> Document:
    """The document of a reply. Raises Unclear and Refused."""
    try:
        document = reply.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or reply.status_code >= 500 or reply.status_code in _AGAIN:
        raise Unclear(f"{reply.request.url}: {reply.status_code}")
    if reply.status_code >= 400:
        raise Refused(document.get("error", {}))
    return document


class Inbox:
    """Changes that were taken in: on the disk before their sender is told, each once, and worked off until done."""

    def __init__(self, sea: Sea, handle: Handle[Document]) -> None:
        self._sea = sea
        self._handle = handle

    async def take(self, change: Document) -> None:
        """Keep a change; one that is known already is not taken again."""
        await self._sea.database.insert(f"inbox/{change['change_no']}", change)

    async def work(self) -> None:
        """Work off what there is, oldest first; what cannot be done now is tried again."""
        while True:
            for number, change in await self._sea.database.items("inbox/"):
                if change is not None and await self._is_done(change):
                    await self._sea.database.put(number, None)
            await asyncio.sleep(BREATH)

    async def _is_done(self, change: Document) -> bool:
        try:
            await self._handle(change)
        except (Unclear, Refused, LookupError):  # a LookupError: what it is about is not there yet
            return False
        return True


async def follow(sea: Sea, channel: Api, handle: Handle[Document]) -> None:
    """Follow the changes of a channel behind a cursor, which moves once they are handled."""
    while True:
        page = await channel.get("/changes", cursor=sea.state.get(f"cursor/{channel.name}", ""))
        for change in page["changes"]:
            await handle(change)
        if page["changes"]:
            sea.state[f"cursor/{channel.name}"] = page["cursor"]
        await asyncio.sleep(BREATH)


async def sweep(channel: Api, handle: Handle[Document]) -> None:
    """Read the whole list of a channel's changes now and then, for what no webhook told."""
    while True:
        await asyncio.sleep(5.0)
        for change in (await channel.get("/changes"))["changes"]:
            with suppress(Unclear, Refused, LookupError):  # the next round brings it again
                await handle(change)


async def enter(erp: Api, order: Document, key: str) -> None:
    """Enter an order into the ERP, its customer first, until both are answered."""
    await erp.insist("POST", "/customers", customer(order))
    await erp.insist("POST", "/sales-orders", sales_order(order), key=key)


def customer(order: Document) -> Document:
    """Who placed an order, as the ERP wants it."""
    return {name: order["customer"][name] for name in ("customer_no", "name", "email", "country")}


def sales_order(order: Document) -> Document:
    """An order as the ERP wants it."""
    taken = {name: order[name] for name in ("order_no", "channel", "currency", "lines")}
    return {**taken, "customer_no": order["customer"]["customer_no"]}


def worth(order: Document) -> int:
    """What a shopper paid, minor units."""
    return sum(line["quantity"] * line["unit_price"] for line in order["lines"])
