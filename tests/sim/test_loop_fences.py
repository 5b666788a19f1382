"""What would leave virtual time fails at once, names the call and says what to do instead."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import multiprocessing
import os
import pty
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio.to_thread
import httpx
import pytest

from seatrial.sim.errors import HarnessError
from seatrial.sim.fences import FencedLoop, LeftVirtualTime, fenced
from seatrial.sim.loop import VirtualLoop, run_virtual


def thread() -> None:
    threading.Thread(target=print).start()


def pool() -> object:
    return ThreadPoolExecutor(1).submit(print)


def connect() -> None:
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))


def serve() -> None:
    with socket.socket() as sock:
        sock.listen()


def datagram(send: Callable[[socket.socket], object]) -> Callable[[], None]:
    def sends() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            send(sock)

    return sends


def by_name(owner: object, name: str, *args: Any) -> Callable[[], object]:
    return lambda: getattr(owner, name)(*args)  # what it is called when a run has put up its fences


ECHO = ["/bin/true"]
HERE = ("127.0.0.1", 9)

BLOCKING: dict[str, tuple[Callable[[], object], str]] = {
    "time.sleep": (lambda: time.sleep(0.001), "await asyncio.sleep"),
    "threading.Thread.start": (thread, "asyncio.to_thread"),
    "_thread.start_new_thread": (lambda: _thread.start_new_thread(print, ()), "asyncio.to_thread"),
    "a thread pool": (pool, "asyncio.to_thread"),
    "threading.Event.wait": (lambda: threading.Event().wait(1), "asyncio.Event"),
    "queue.Queue.get": (lambda: queue.Queue[int]().get(timeout=1), "asyncio.Queue"),
    "subprocess.run": (lambda: subprocess.run([sys.executable, "-V"], check=True), "before the run"),
    "os.system": (lambda: os.system("true"), "before the run"),
    "multiprocessing.Process": (lambda: multiprocessing.Process(target=print).start(), "before the run"),
    "os.execl": (lambda: os.execl(ECHO[0], *ECHO), "before the run"),
    "os.execvpe": (lambda: os.execvpe("true", ECHO, {}), "before the run"),
    "os.fork": (by_name(os, "fork"), "before the run"),
    "pty.fork": (by_name(pty, "fork"), "before the run"),
    "os.spawnl": (lambda: os.spawnl(os.P_WAIT, ECHO[0], *ECHO), "before the run"),
    "os.posix_spawn": (lambda: os.posix_spawn(ECHO[0], ECHO, {}), "before the run"),
    "os.posix_spawnp": (lambda: os.posix_spawnp("true", ECHO, {}), "before the run"),
    "os.abort": (by_name(os, "abort"), "end the harness"),
    "os.kill": (by_name(os, "kill", os.getpid(), signal.SIGURG), "end the harness"),
    "os.kill of the group": (by_name(os, "kill", 0, signal.SIGURG), "end the harness"),
    "os.killpg": (by_name(os, "killpg", os.getpgrp(), signal.SIGURG), "end the harness"),
    "signal.raise_signal": (by_name(signal, "raise_signal", signal.SIGURG), "end the harness"),
    "signal.pthread_kill": (by_name(signal, "pthread_kill", threading.get_ident(), signal.SIGURG), "end the harness"),
    "signal.alarm": (by_name(signal, "alarm", 60), "asyncio.timeout"),
    "signal.setitimer": (by_name(signal, "setitimer", signal.ITIMER_REAL, 60), "asyncio.timeout"),
    "signal.setitimer once": (by_name(signal, "setitimer", signal.ITIMER_REAL, 60, 0), "asyncio.timeout"),
    "socket.gethostbyname": (by_name(socket, "gethostbyname", "erp.example"), "in-memory transport"),
    "socket.gethostbyname_ex": (by_name(socket, "gethostbyname_ex", "erp.example"), "in-memory transport"),
    "socket.gethostbyaddr": (by_name(socket, "gethostbyaddr", "192.0.2.1"), "in-memory transport"),
    "socket.getnameinfo": (by_name(socket, "getnameinfo", ("192.0.2.1", 80), 0), "in-memory transport"),
    "socket.sendto": (datagram(lambda sock: sock.sendto(b"metric", HERE)), "in-memory transport"),
    "socket.sendmsg": (datagram(lambda sock: sock.sendmsg([b"metric"], [], 0, HERE)), "in-memory transport"),
    "socket.bind": (datagram(lambda sock: sock.bind(("127.0.0.1", 0))), "in-memory transport"),
    "socket.connect": (connect, "in-memory transport"),
    "socket.listen": (serve, "sea.webhooks"),
    "socket.create_connection": (lambda: socket.create_connection(("127.0.0.1", 9), 1), "in-memory transport"),
    "urllib": (lambda: urllib.request.urlopen("http://127.0.0.1:9/"), "on the wire"),
    "httpx.get": (lambda: httpx.get("http://127.0.0.1:9/"), "transport="),
}


@pytest.mark.parametrize("call", BLOCKING)
def test_a_call_that_blocks_is_stopped(call: str) -> None:
    """Sleeping, threads, processes, sockets and blocking waits raise LeftVirtualTime with a way out."""
    leave, way_out = BLOCKING[call]

    async def main() -> None:
        leave()

    with pytest.raises(LeftVirtualTime) as caught:
        run_virtual(main())
    assert isinstance(caught.value, HarnessError)
    assert way_out in caught.value.way_out
    assert str(caught.value) == f"{caught.value.call} leaves virtual time · {caught.value.way_out}"


METHODS = sorted(
    name
    for name, member in vars(FencedLoop).items()
    if isinstance(member, types.FunctionType) and not name.startswith("_") and name != "fence_hit"
)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_of_the_loop_that_needs_the_world_is_fenced(method: str) -> None:
    """Every socket, pipe, subprocess, reader and signal method raises LeftVirtualTime by its name."""

    async def main() -> None:
        await getattr(asyncio.get_running_loop(), method)()

    with pytest.raises(LeftVirtualTime, match=rf"loop\.{method} leaves virtual time"):
        run_virtual(main())


def test_the_virtual_loop_leaves_no_method_of_asyncio_open() -> None:
    """Whatever asyncio's interface names, the virtual loop answers itself: nothing is left to the abstract class."""
    interface = {name for name in vars(asyncio.AbstractEventLoop) if not name.startswith("_")}
    inherited = {name for name in interface if getattr(VirtualLoop, name) is getattr(asyncio.AbstractEventLoop, name)}
    assert inherited == set()
    assert {"create_connection", "sock_recv", "subprocess_exec", "add_reader"} <= set(METHODS)


ASYNC_LEAVES: dict[str, Callable[[], Any]] = {
    "open_connection": lambda: asyncio.open_connection("127.0.0.1", 9),
    "start_server": lambda: asyncio.start_server(print, "127.0.0.1", 9),
    "create_subprocess_exec": lambda: asyncio.create_subprocess_exec("true"),
    "anyio.to_thread": lambda: anyio.to_thread.run_sync(print),
    "httpx.AsyncClient": lambda: httpx.AsyncClient(verify=False).get("http://127.0.0.1:9/"),
}


@pytest.mark.parametrize("call", ASYNC_LEAVES)
def test_libraries_that_leave_virtual_time_are_stopped(call: str) -> None:
    """asyncio's streams and subprocesses, anyio's worker threads and httpx without a transport run into a fence."""

    async def main() -> None:
        await ASYNC_LEAVES[call]()

    with pytest.raises(LeftVirtualTime):
        run_virtual(main())


def test_a_swallowed_fence_is_remembered() -> None:
    """Code under test that catches everything cannot hide that it left virtual time: a failed run names the fence."""

    async def main(fails: bool) -> FencedLoop:
        with contextlib.suppress(Exception):
            BLOCKING["time.sleep"][0]()
        with contextlib.suppress(Exception):
            connect()
        if fails:
            raise ValueError("order rejected")
        loop = asyncio.get_running_loop()
        assert isinstance(loop, FencedLoop)
        return loop

    left = run_virtual(main(fails=False)).left
    assert left is not None
    assert left.call == "time.sleep"
    with pytest.raises(LeftVirtualTime, match=r"time\.sleep") as caught:
        run_virtual(main(fails=True))
    assert str(caught.value.__cause__) == "order rejected"


def test_fences_stand_only_inside_a_virtual_loop() -> None:
    """While a run goes on, other threads and loops go on as always."""
    seen: list[str] = []
    go, done = threading.Event(), threading.Event()

    def elsewhere() -> None:
        go.wait()
        time.sleep(0.001)
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
        asyncio.run(asyncio.sleep(0.001))
        worker = threading.Thread(target=seen.append, args=("thread",))
        worker.start()
        worker.join()
        done.set()

    async def main() -> None:
        go.set()
        while not done.is_set():  # noqa: ASYNC110 - the event is a thread's
            await asyncio.sleep(1)

    threading.Thread(target=elsewhere, daemon=True).start()
    run_virtual(main())
    assert seen == ["thread"]


def test_what_stays_within_virtual_time_is_not_fenced() -> None:
    """A question whether a process lives, a signal to another one, an alarm that is switched off, one's own name, a
    message to who is connected already.
    """

    async def main() -> bytes:
        os.kill(os.getpid(), 0)
        signal.alarm(0)
        assert socket.gethostbyname("localhost") == "127.0.0.1"
        with contextlib.suppress(PermissionError):
            os.kill(os.getppid(), signal.SIGURG)  # whoever hears of it takes no notice
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendmsg([b"told"])
            return theirs.recv(4)

    assert run_virtual(main()) == b"told"


def test_fences_are_taken_down_by_the_outermost() -> None:
    """Nested fences hold until the last is gone; then every name is what it was."""
    before = (time.sleep, threading.Thread.start, socket.getaddrinfo, subprocess.Popen.__init__)
    own = set(vars(socket.socket))
    with fenced():
        with fenced():
            assert time.sleep is not before[0]
        assert time.sleep is not before[0]
        with pytest.raises(ZeroDivisionError), fenced():
            raise ZeroDivisionError
        assert threading.Thread.start is not before[1]
    assert (time.sleep, threading.Thread.start, socket.getaddrinfo, subprocess.Popen.__init__) == before
    assert set(vars(socket.socket)) == own
    assert "connect" not in own


def test_a_fork_imported_by_name_is_fenced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """`from os import fork` in the code under test meets the same fence, and gets its own back."""
    integration = types.ModuleType("acme_integration")
    exec("from os import fork", vars(integration))  # a stranger's module
    monkeypatch.setitem(sys.modules, "acme_integration", integration)
    before = integration.fork

    async def main() -> None:
        integration.fork()

    with pytest.raises(LeftVirtualTime, match=r"os\.fork"):
        run_virtual(main())
    assert integration.fork is before


def test_a_sleep_imported_by_name_is_fenced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """`from time import sleep` in the code under test meets the same fence, and gets its own sleep back."""
    integration = types.ModuleType("acme_integration")
    exec("from time import sleep\ndef back_off():\n    sleep(0.001)", vars(integration))  # a stranger's module
    monkeypatch.setitem(sys.modules, "acme_integration", integration)

    async def main() -> None:
        integration.back_off()

    with pytest.raises(LeftVirtualTime, match=r"time\.sleep"):
        run_virtual(main())
    assert integration.sleep is time.sleep
    integration.back_off()


def test_functions_given_to_threads_run_inline() -> None:
    """asyncio.to_thread and run_in_executor run at once, in this thread, and return or raise what the function does."""

    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return [
            await asyncio.to_thread(threading.current_thread),
            await loop.run_in_executor(None, divmod, 7, 2),
            await loop.run_in_executor(ThreadPoolExecutor(1), abs, -1),
            loop.time(),
        ]

    assert run_virtual(main()) == [threading.current_thread(), (3, 1), 1, 0]
