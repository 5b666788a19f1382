"""Server programs of their own for the tests of stores and buses: each on a free port, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

STARTS_WITHIN = 20.0


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A program that listens on a port; it can be killed and started again with the data that it has."""

    def __init__(
        self, command: Sequence[str], port: int, stop_by: signal.Signals = signal.SIGTERM, user: str | None = None
    ) -> None:
        self.command = command
        self.port = port
        self._stop_by = stop_by
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self._user, cwd="/"
        )
        until = time.monotonic() + STARTS_WITHIN
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self._process.poll() is None, f"{self.command[0]} ended at once"
            assert time.monotonic() < until, f"{self.command[0]} does not listen"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(self._stop_by)
            self._process.wait(STARTS_WITHIN)
            self._process = None


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    port = a_free_port()
    command = [program("nats-server"), "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(tmp_path / "jetstream")]
    with running(Server(command, port)) as server:
        yield server


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    port = a_free_port()
    words = f"--bind 127.0.0.1 --port {port} --appendonly yes --appendfsync always --save".split()
    command = [program("redis-server"), *words, "", "--dir", str(tmp_path)]
    with running(Server(command, port)) as server:
        yield server


def postgres_programs() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
    initdb = shutil.which("initdb")
    if not folders and initdb is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    return folders[-1] if folders else Path(str(initdb)).parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A database server for all tests that leave it running."""
    yield from database()


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A database server that a test may stop and start."""
    yield from database()


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    return a_free_port()


def database() -> Iterator[Server]:
    """A database server of its own. It refuses to run as root, so there it runs as the user postgres or nobody."""
    programs = postgres_programs()
    user: str | None = None
    folder = Path(tempfile.mkdtemp(prefix="seatrial-postgres-"))
    if os.geteuid() == 0:
        users = {entry.pw_name for entry in pwd.getpwall()}
        user = next((name for name in ("postgres", "nobody") if name in users), None)
        if user is None:
            pytest.skip("PostgreSQL does not run as root, and there is no other user to run it as")
        shutil.chown(folder, user)
    data, port = folder / "data", a_free_port()
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "seatrial", "--auth=trust", "-E", "UTF8", "-N"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, user=user)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(data), *words]
    try:
        with running(Server(command, port, signal.SIGINT, user)) as server:  # SIGINT: now, whoever is connected
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)
