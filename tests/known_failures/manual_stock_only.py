"""Channels hear of stock that was counted or delivered, and not of stock that was sold (saleor/saleor#19449)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from over_http import Api, Document, Inbox, sweep
from shipping import release

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seatrial.mocks.guests.sea import Sea, Webhook

CHANNELS = ("storefront", "marketplace", "b2b")
WAREHOUSES = ("north", "south")
MANUAL = ("received", "restocked", "shrunk", "counted")
ROUND = 4.0
"""Seconds between two looks at the warehouses."""


async def bad(sea: Sea) -> None:
    """Somebody has changed the stock by hand: then listings are set. A sale is no such change."""
    list_anew = _listings(sea)

    async def tell_at(webhook: Webhook) -> None:
        if webhook.event == "inventory.adjusted" and webhook.json()["body"]["reason"] in MANUAL:
            await list_anew()

    await _release_orders(sea, tell_at)


async def good(sea: Sea) -> None:
    """Listings follow the warehouses, whatever has changed there."""
    list_anew = _listings(sea)

    async def nothing(webhook: Webhook) -> None:
        """The next round sees it."""

    async def rounds() -> None:
        while True:
            await list_anew()
            await asyncio.sleep(ROUND)

    await asyncio.gather(_release_orders(sea, nothing), rounds())


def _listings(sea: Sea) -> Callable[[], Awaitable[None]]:
    """Offers on every channel what lies in the warehouses and is promised to nobody."""
    warehouses, channels = [Api(sea, name) for name in WAREHOUSES], [Api(sea, name) for name in CHANNELS]

    async def list_anew() -> None:
        there: dict[str, int] = {}
        for warehouse in warehouses:
            for level in (await warehouse.get("/stock"))["levels"]:
                there[level["sku"]] = there.get(level["sku"], 0) + level["on_hand"] - level["allocated"]
        sequence = sea.state["sequence"] = sea.state.get("sequence", 0) + 1
        updates = [{"sku": sku, "quantity": units} for sku, units in there.items()]
        for channel in channels:
            told = {"sequence": sequence, "updates": updates}
            await channel.insist("POST", "/listings", told, key=f"list/{sequence}")

    return list_anew


async def _release_orders(sea: Sea, adjusted: Callable[[Webhook], Awaitable[None]]) -> None:
    north = Api(sea, "north")

    async def work(change: Document) -> None:
        await release(north, change["order"])

    inbox = Inbox(sea, work)

    async def told(webhook: Webhook) -> None:
        if webhook.event == "order.placed":
            await inbox.take(webhook.json()["body"])
        else:
            await adjusted(webhook)

    sea.webhooks(told)
    await asyncio.gather(inbox.work(), sweep(Api(sea, "storefront"), inbox.take))
