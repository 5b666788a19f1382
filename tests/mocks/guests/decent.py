"""A decent guest: it draws, it makes ids, it takes webhooks, and does the same each time."""

from __future__ import annotations

import asyncio
import random
import uuid

import httpx

from seatrial.mocks.guests.sea import Sea, Webhook


async def main(sea: Sea) -> None:
    """Acknowledge what the storefront tells, after a pause that is drawn."""
    async with httpx.AsyncClient(base_url=sea.url("storefront"), timeout=5) as client:

        async def hear(hook: Webhook) -> None:
            await asyncio.sleep(random.random())
            key = {"Idempotency-Key": str(uuid.uuid4())}
            await client.post(f"/orders/{hook.json()['order_no']}/acknowledgement", json={}, headers=key)

        sea.webhooks(hear)
        await asyncio.sleep(1e9)
