"""A part of an order leaves, and the whole of it is confirmed (macder/medusa-fulfillment-shippo#317)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from over_http import Api, Document
from shipping import attach, buy_once, confirm, confirmation, ship

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea


async def bad(sea: Sea) -> None:
    """What was ordered is what will have been packed."""
    falcon, north, shop = Api(sea, "falcon"), Api(sea, "north"), Api(sea, "storefront")

    async def packed(news: Document) -> None:
        await attach(north, news, await buy_once(sea, falcon, news))

    async def shipped(news: Document) -> None:
        ordered = await sea.database.get(f"under way/{news['order_no']}")
        if ordered is None:  # it is confirmed already
            return
        told = confirmation(news) | {"lines": ordered}
        await shop.insist("POST", f"/orders/{news['order_no']}/shipments", told, key=f"confirm/{told['parcel_no']}")

    await ship(sea, packed, shipped)


async def good(sea: Sea) -> None:
    """What is confirmed is what the warehouse says that it has packed."""
    falcon, north = Api(sea, "falcon"), Api(sea, "north")

    async def packed(news: Document) -> None:
        await attach(north, news, await buy_once(sea, falcon, news))

    await ship(sea, packed, confirm(Api(sea, "storefront")))
