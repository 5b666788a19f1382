"""The later event arrives first, finds nothing that it could be about, and is dropped for good
(frappe/ecommerce_integrations#425).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from over_http import Api, Document, Handle, Inbox, Refused, enter, sweep

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea, Webhook


async def bad(sea: Sea) -> None:
    """A wish to cancel what nobody has heard of is none of ours: it counts as dealt with."""
    erp, shop = Api(sea, "erp"), Api(sea, "storefront")

    async def cancel(number: str) -> None:
        if await sea.database.get(number):
            await _cancel(erp, shop, number)

    await _work_off_changes(sea, erp, shop, cancel)


async def good(sea: Sea) -> None:
    """A wish to cancel what nobody has heard of waits in the inbox for its order."""
    erp, shop = Api(sea, "erp"), Api(sea, "storefront")

    async def cancel(number: str) -> None:
        if not await sea.database.get(number):
            raise LookupError(number)
        await _cancel(erp, shop, number)

    await _work_off_changes(sea, erp, shop, cancel)


async def _cancel(erp: Api, shop: Api, number: str) -> None:
    try:
        await erp.insist("POST", f"/sales-orders/{number}/cancellation", {"reason": "shopper"})
    except Refused as error:
        if error.code != "already_cancelled":
            raise
    await shop.insist("PUT", f"/orders/{number}/cancellation", {"cancelled": True, "reason": "as wished"})


async def _work_off_changes(sea: Sea, erp: Api, shop: Api, cancel: Handle[str]) -> None:
    async def work(change: Document) -> None:
        if change["kind"] == "placed":
            await enter(erp, change["order"], key=change["order_no"])
            await sea.database.put(change["order_no"], "entered")
        else:
            await cancel(change["order_no"])

    inbox = Inbox(sea, work)

    async def told(webhook: Webhook) -> None:
        await inbox.take(webhook.json()["body"])

    sea.webhooks(told)
    await asyncio.gather(inbox.work(), sweep(shop, inbox.take))
