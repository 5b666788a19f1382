"""A function in a module that begins a thread when it is imported; it ends only when it is told to."""

from __future__ import annotations

import asyncio
import threading

ENDING = threading.Event()
threading.Thread(target=ENDING.wait).start()


async def main(_: object) -> None:
    """Do nothing, decently."""
    await asyncio.sleep(1e9)
