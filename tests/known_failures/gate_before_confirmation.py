"""The gate that keeps a notification from going out twice is shut before it has gone out once
(openlinker-project/openlinker#1947).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from over_http import Api, Document
from shipping import attach, buy_once, confirm, confirmation, ship

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea


async def bad(sea: Sea) -> None:
    """At most once: where the one attempt fails, it is never."""
    falcon, north, shop = Api(sea, "falcon"), Api(sea, "north"), Api(sea, "storefront")

    async def packed(news: Document) -> None:
        await attach(north, news, await buy_once(sea, falcon, news))

    async def shipped(news: Document) -> None:
        if await sea.database.insert(f"confirmed/{news['state']['parcel_no']}", "yes"):
            await shop.once("POST", f"/orders/{news['order_no']}/shipments", confirmation(news))

    await ship(sea, packed, shipped)


async def good(sea: Sea) -> None:
    """The gate is shut when the shop has answered; until then the same confirmation goes out again."""
    falcon, north, shop = Api(sea, "falcon"), Api(sea, "north"), Api(sea, "storefront")
    tell = confirm(shop)

    async def packed(news: Document) -> None:
        await attach(north, news, await buy_once(sea, falcon, news))

    async def shipped(news: Document) -> None:
        if await sea.database.get(f"confirmed/{news['state']['parcel_no']}") is None:
            await tell(news)
            await sea.database.put(f"confirmed/{news['state']['parcel_no']}", "yes")

    await ship(sea, packed, shipped)
