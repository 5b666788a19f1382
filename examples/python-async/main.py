"""An order-to-cash integration for a shop with three channels, one ERP, two warehouses and two carriers.

The same shop in two ways: `main` is called in virtual time, by a simulation that brings webhooks and keeps the state;
`serve` is a program of its own, with a server for webhooks and a file for the state.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

from office import Office
from store import SqliteFile, Store


async def main(sea: Any) -> None:
    """The shop in virtual time."""
    office = Office(Store(sea.state), os.environ)
    sea.webhooks(office)
    await office.run()


async def serve() -> None:
    """The shop on real sockets, until somebody says stop."""
    import uvicorn  # in virtual time there is no server

    # The file that Seatrial names in the folder of the run, or one here.
    path = Path(os.environ.get("SEATRIAL_STORE", "").removeprefix("sqlite:///") or "shop.sqlite")
    office = Office(Store(SqliteFile(path)), os.environ)
    port = int(os.environ.get("PORT", "8080"))
    server = uvicorn.Server(uvicorn.Config(office, port=port, lifespan="off", log_level="warning"))
    async with asyncio.TaskGroup() as group:
        group.create_task(office.run())
        await server.serve()  # SIGTERM ends the process here: no farewell, everything is kept as it happens
        raise SystemExit("nobody takes webhooks any more")


if __name__ == "__main__":
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every call
    asyncio.run(serve())
