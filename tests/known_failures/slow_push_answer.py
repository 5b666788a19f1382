"""The shop does all its work before it answers a push; the sender's timeout runs out, it pushes again, and the second
push finds no order yet (krokedil/klarna-checkout-for-woocommerce#85).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from over_http import Api, Document, Inbox, enter, sweep

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea, Webhook


async def bad(sea: Sea) -> None:
    """The order is written down once it is made, and the sender is answered then: the next push overtakes that."""
    erp = Api(sea, "erp")

    async def take(change: Document) -> None:
        if await sea.database.get(change["order_no"]):
            return
        await enter(erp, change["order"], key=str(uuid4()))
        await sea.database.put(change["order_no"], "entered")

    async def pushed(webhook: Webhook) -> None:
        await take(webhook.json()["body"])

    sea.webhooks(pushed)
    await sweep(Api(sea, "storefront"), take)


async def good(sea: Sea) -> None:
    """A push is kept and answered at once; the work is done afterwards, under the number of the order."""
    erp = Api(sea, "erp")

    async def work(change: Document) -> None:
        await enter(erp, change["order"], key=change["order_no"])

    inbox = Inbox(sea, work)

    async def pushed(webhook: Webhook) -> None:
        await inbox.take(webhook.json()["body"])

    sea.webhooks(pushed)
    await asyncio.gather(inbox.work(), sweep(Api(sea, "storefront"), inbox.take))
