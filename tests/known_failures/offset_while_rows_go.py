"""A sweep goes on at its offset while rows come and go: those that move up are never visited
(openlinker-project/openlinker#2656, openlinker-project/openlinker#2032).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from over_http import BREATH, Api, enter, follow

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea


async def bad(sea: Sea) -> None:
    """The offset says how many rows there were in front when it was given, not how many there are."""
    erp, shop = Api(sea, "erp"), Api(sea, "marketplace")
    await follow(sea, shop, lambda change: enter(erp, change["order"], key=change["order_no"]))


async def good(sea: Sea) -> None:
    """A window of time begins behind the last row that was read, however many rows have gone since."""
    erp, shop = Api(sea, "erp"), Api(sea, "marketplace")
    while True:
        window = await shop.get("/changes", changed_after=sea.state.get("since", -1.0), changed_before=1e9)
        for change in window["changes"]:
            await enter(erp, change["order"], key=change["order_no"])
            sea.state["since"] = change["at"]
        await asyncio.sleep(BREATH)
