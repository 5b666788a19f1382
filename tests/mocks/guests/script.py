"""A script as one writes it: the function, and right below the run; whoever imports it runs it."""

import asyncio
import os
from pathlib import Path

import seatrial

with Path(os.environ["SEATRIAL_TEST_LOG"]).open("a", encoding="utf-8") as file:
    file.write(f"{os.getpid()}\n")


async def main(_):
    """Do nothing, decently."""
    await asyncio.sleep(1e9)


run = seatrial.run("fidelity/calm", integration=main, settings={"duration": "10 s"})
assert run.failure == ""
