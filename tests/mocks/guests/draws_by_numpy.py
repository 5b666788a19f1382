"""A guest that imports numpy when it begins, and lets it decide how long to wait."""

import asyncio
import os

import httpx


async def main():
    """Ask for the time, at moments of chance."""
    import numpy as np

    async with httpx.AsyncClient() as client:
        while True:
            await client.get(os.environ["SEATRIAL_ERP_URL"] + "/customers")
            await asyncio.sleep(np.random.random())
