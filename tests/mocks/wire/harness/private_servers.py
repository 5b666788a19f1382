"""Private servers for a test: a real Redis and a real PostgreSQL on free ports, gone afterwards."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def redis_server(port: int) -> Iterator[None]:
    """A Redis that keeps nothing."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    folder = tempfile.mkdtemp(prefix="seatrial-redis-")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


@contextmanager
def postgres_server(port: int) -> Iterator[None]:
    """A PostgreSQL with a database `postgres` that trusts everybody on this machine; root lends it another user."""
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or server is None:
        pytest.skip("PostgreSQL is not installed")
    user: str | None = None
    if os.getuid() == 0:
        names = [each.pw_name for each in pwd.getpwall()]
        user = next((name for name in ("postgres", "nobody") if name in names), None)
        if user is None:
            pytest.skip("PostgreSQL does not run as root, and there is nobody else")
    folder = Path(tempfile.mkdtemp(prefix="seatrial-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    data = str(folder / "data")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, "user": user}
    subprocess.run(
        [initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        check=True,
        **quiet,  # type: ignore[call-overload]
    )
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F"]
    process = subprocess.Popen([server, "-D", data, *options], **quiet)  # type: ignore[call-overload]
    try:
        yield
    finally:
        process.send_signal(2)
        process.wait(20)
        shutil.rmtree(folder)


async def listens(port: int) -> None:
    """Wait until somebody accepts connections."""
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
