"""The rate that was chosen earlier has expired when its label is bought (solidusio-contrib/solidus_easypost#20)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from over_http import BREATH, Api, Document, Refused
from shipping import attach, confirm, offer, ship

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seatrial.mocks.guests.sea import Sea


async def bad(sea: Sea) -> None:
    """A label that is refused is tried again in the next round, at the rate that was chosen."""

    async def refused(name: str, job: Document) -> None:
        """The next round tries again."""

    await _buy_labels_in_rounds(sea, Api(sea, "falcon"), refused)


async def good(sea: Sea) -> None:
    """A rate that is refused was certainly not bought: another one is asked for."""
    falcon = Api(sea, "falcon")

    async def refused(name: str, job: Document) -> None:
        await sea.database.put(name, {**job, "rate": await offer(falcon, job["news"])})

    await _buy_labels_in_rounds(sea, falcon, refused)


async def _buy_labels_in_rounds(sea: Sea, falcon: Api, refused: Callable[[str, Document], Awaitable[None]]) -> None:
    """The rate is chosen when the parcel is packed, its label bought in the next round."""
    north = Api(sea, "north")

    async def packed(news: Document) -> None:
        parcel = f"to label/{news['state']['parcel_no']}"
        if await sea.database.get(parcel, "new") == "new":
            await sea.database.insert(parcel, {"news": news, "rate": await offer(falcon, news)})

    async def buy(name: str, job: Document) -> None:
        try:
            label = await falcon.insist("POST", "/labels", job["rate"], key=name)
        except Refused:
            await refused(name, job)
            return
        with suppress(Refused):  # it is labelled already
            await attach(north, job["news"], label)
        await sea.database.put(name, None)

    async def rounds() -> None:
        while True:
            await asyncio.sleep(BREATH)
            for name, job in await sea.database.items("to label/"):
                if job is not None:
                    await buy(name, job)

    await asyncio.gather(ship(sea, packed, confirm(Api(sea, "storefront"))), rounds())
