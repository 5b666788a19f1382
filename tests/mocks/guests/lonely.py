"""A guest that another process cannot run: it finds itself beside its parent."""

import asyncio
import os

if os.environ.get("SEATRIAL_TEST_ALONE") != str(os.getpid()):
    raise ImportError("only in the process that said so")


async def main(_):
    """Do nothing, decently."""
    await asyncio.sleep(1e9)
