"""Guests that do in another process what they do not do in the first one."""

import asyncio
import ctypes
import os
import time

HERE = "SEATRIAL_TEST_FIRST_PROCESS"


def _elsewhere() -> bool:
    return os.environ.get(HERE) != str(os.getpid())


async def leaves(_):
    """Ends its process, as a C library can."""
    if _elsewhere():
        os.write(2, b"out of coal\n")
        ctypes.CDLL(None)._exit(7)
    await asyncio.sleep(1e9)


async def blocks(_):
    """Leaves virtual time."""
    if _elsewhere():
        time.sleep(1)  # noqa: ASYNC251 (that is what it does)
    await asyncio.sleep(1e9)
