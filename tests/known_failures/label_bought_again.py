"""The callback that a parcel is packed comes twice, and each buys a label
(solidusio-contrib/solidus_easypost#42, solidusio-contrib/solidus_easypost#113).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from over_http import Api, Document
from shipping import attach, buy_once, confirm, offer, ship

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea


async def bad(sea: Sea) -> None:
    """A parcel that has no label gets one; it has none as long as the carrier takes to sell it."""
    falcon, north = Api(sea, "falcon"), Api(sea, "north")

    async def packed(news: Document) -> None:
        parcel = news["state"]["parcel_no"]
        label = await sea.database.get(f"label/{parcel}")
        if label is None:
            label = await falcon.insist("POST", "/labels", await offer(falcon, news), key=str(uuid4()))
            await sea.database.put(f"label/{parcel}", label)
        await attach(north, news, label)

    await ship(sea, packed, confirm(Api(sea, "storefront")))


async def good(sea: Sea) -> None:
    """Every callback about a parcel buys the same label: the one that was written down first."""
    falcon, north = Api(sea, "falcon"), Api(sea, "north")

    async def packed(news: Document) -> None:
        await attach(north, news, await buy_once(sea, falcon, news))

    await ship(sea, packed, confirm(Api(sea, "storefront")))
