"""A guest that the order of a set decides for: it asks its partners in another order in every process."""

from __future__ import annotations

import asyncio

import httpx

from seatrial.mocks.guests.sea import Sea


async def main(sea: Sea) -> None:
    """Ask everybody for nothing."""
    async with httpx.AsyncClient() as client:
        for name in {"erp", "north", "south", "desk", "falcon", "b2b", "heron", "supply"}:  # noqa: PLC0208
            await client.get(sea.url(name) + "/nothing")
        await asyncio.sleep(1e9)
