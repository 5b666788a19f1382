"""A gateway's page with status 200, or an empty body, is taken for an empty list (saleweaver/python-amazon-sp-api#295,
amzn/selling-partner-api-models#4850).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
from over_http import BREATH, Api, Unclear, enter, understood

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea

LAG = 1.0
"""Seconds until the marketplace lists what it has sold."""


async def bad(sea: Sea) -> None:
    """No error and no changes in it: so there are none, and the next round begins where this one ended."""
    erp, shop = Api(sea, "erp"), Api(sea, "marketplace")
    while True:
        since, until = sea.state.get("since", -1.0), asyncio.get_running_loop().time() - LAG
        try:
            reply = await shop.answer("GET", "/changes", changed_after=since, changed_before=until)
            reply.raise_for_status()
            is_json = reply.headers.get("content-type", "").startswith("application/json")
            changes = reply.json()["changes"] if is_json else []
        except (Unclear, httpx.HTTPError, ValueError):
            changes, until = [], since
        for change in changes:
            await enter(erp, change["order"], key=change["order_no"])
        sea.state["since"] = until
        await asyncio.sleep(BREATH)


async def good(sea: Sea) -> None:
    """Whatever is no list of changes is an error; the next round begins behind the last change that was read."""
    erp, shop = Api(sea, "erp"), Api(sea, "marketplace")
    while True:
        since, until = sea.state.get("since", -1.0), asyncio.get_running_loop().time() - LAG
        try:
            reply = await shop.answer("GET", "/changes", changed_after=since, changed_before=until)
            changes = understood(reply)["changes"]
        except Unclear:
            changes = []
        for change in changes:
            await enter(erp, change["order"], key=change["order_no"])
            sea.state["since"] = change["at"]
        await asyncio.sleep(BREATH)
