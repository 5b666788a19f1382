"""Two identical webhooks arrive at the same instant; both look, neither finds the order, both insert it
(nozzlegear/ShopifySharp#919).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from over_http import Api, Document, enter, sweep

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seatrial.mocks.guests.sea import Sea, Webhook


async def bad(sea: Sea) -> None:
    """Between the look and the insert somebody else may look: there the `await` is."""

    async def claimed(number: str, job: Document) -> bool:
        if await sea.database.get(number) is not None:
            return False
        await sea.database.put(number, job)
        return True

    await _enter_orders(sea, claimed)


async def good(sea: Sea) -> None:
    """The insert is the look: a unique index lets one of the two through."""

    async def claimed(number: str, job: Document) -> bool:
        return await sea.database.insert(number, job)

    await _enter_orders(sea, claimed)


async def _enter_orders(sea: Sea, claimed: Callable[[str, Document], Awaitable[bool]]) -> None:
    """Each order becomes a job with a number of its own, which is the key of every attempt at it."""
    erp, jobs = Api(sea, "erp"), asyncio.Queue[Document]()
    for _, job in await sea.database.items("job/"):
        jobs.put_nowait(job)  # what a life before this one left undone, or did not get to note as done

    async def take(change: Document) -> None:
        job = {"key": str(uuid4()), "order": change["order"]}
        if await claimed(f"job/{change['change_no']}", job):
            jobs.put_nowait(job)

    async def work() -> None:
        while True:
            job = await jobs.get()
            await enter(erp, job["order"], key=job["key"])

    async def told(webhook: Webhook) -> None:
        await take(webhook.json()["body"])

    sea.webhooks(told)
    await asyncio.gather(work(), work(), sweep(Api(sea, "storefront"), take))
