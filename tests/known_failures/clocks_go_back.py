"""A window of time is computed from the clock on the shop's wall, and the hour that comes twice is not read
(woocommerce/woocommerce#12594, openlinker-project/openlinker#959).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from over_http import BREATH, Api, enter

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.mocks.guests.sea import Sea

LONDON = ZoneInfo("Europe/London")
LAG = 1.0
"""Seconds until the marketplace lists what it has sold."""


async def bad(sea: Sea) -> None:
    """The difference of two moments of one zone is that of their clocks: at one of them it is an hour earlier again."""
    opened = sea.start.astimezone(LONDON)

    def passed() -> float:
        return (datetime.now(LONDON) - opened).total_seconds()

    await _read_windows(sea, passed)


async def good(sea: Sea) -> None:
    """The same in UTC, which no government changes."""
    opened = sea.start.astimezone(UTC)

    def passed() -> float:
        return (datetime.now(UTC) - opened).total_seconds()

    await _read_windows(sea, passed)


async def _read_windows(sea: Sea, passed: Callable[[], float]) -> None:
    """Ask for what happened between the last change that was read and now, in seconds since the opening."""
    erp, shop = Api(sea, "erp"), Api(sea, "marketplace")
    while True:
        since, until = sea.state.get("since", -1.0), passed() - LAG
        window = await shop.get("/changes", changed_after=since, changed_before=until)
        for change in window["changes"]:
            await enter(erp, change["order"], key=change["order_no"])
            sea.state["since"] = change["at"]
        await asyncio.sleep(BREATH)
