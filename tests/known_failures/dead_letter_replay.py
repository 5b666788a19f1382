"""What has succeeded since is replayed from the dead letters all the same (KanishJebaMathewM/Truxify#11218)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from over_http import Api, Document, Handle, Unclear, sweep, worth

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea, Webhook

REST = 3.0
"""Seconds between two rounds of the replay."""


async def bad(sea: Sea) -> None:
    """The replay goes straight to the work, past the note of what is processed; each attempt has its own key."""
    shop = Api(sea, "storefront")

    async def work(change: Document) -> None:
        await _refund(sea, shop, change, key=str(uuid4()))

    await _process(sea, shop, work, replay=work)


async def good(sea: Sea) -> None:
    """The replay goes through the same door as everything else; each attempt has the number of the change."""
    shop = Api(sea, "storefront")

    async def work(change: Document) -> None:
        await _refund(sea, shop, change, key=change["change_no"])

    await _process(sea, shop, work)


async def _process(sea: Sea, shop: Api, work: Handle[Document], replay: Handle[Document] | None = None) -> None:
    async def process(change: Document) -> None:
        """Once each. What fails becomes a dead letter, and an error to whoever brought it."""
        number = change["change_no"]
        if await sea.database.get(f"processed/{number}"):
            return
        try:
            await work(change)
        except (Unclear, LookupError):
            await sea.database.put(f"dead/{number}", change)
            raise
        await sea.database.put(f"processed/{number}", "yes")

    async def told(webhook: Webhook) -> None:
        await process(webhook.json()["body"])

    async def replay_dead_letters() -> None:
        while True:
            await asyncio.sleep(REST)
            for number, change in await sea.database.items("dead/"):
                with suppress(Unclear, LookupError):
                    await (replay or process)(change)
                    await sea.database.delete(number)

    sea.webhooks(told)
    await asyncio.gather(replay_dead_letters(), sweep(shop, process))


async def _refund(sea: Sea, shop: Api, change: Document, key: str) -> None:
    """One attempt at what a change asks for."""
    number = change["order_no"]
    if change["kind"] == "placed":
        await sea.database.put(f"order/{number}", change["order"])
        return
    order = await sea.database.get(f"order/{number}")
    if order is None:
        raise LookupError(number)
    await shop.once("PUT", f"/orders/{number}/cancellation", {"cancelled": True, "reason": "as wished"})
    refund = {"refund_no": f"{number}/cancel", "amount": worth(order), "reason": "cancelled"}
    await shop.once("POST", f"/orders/{number}/refunds", refund, key=key)
