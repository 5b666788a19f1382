"""Fences: what would leave virtual time fails at once and says what to do instead."""

from __future__ import annotations

import _thread
import asyncio
import multiprocessing.process
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import Any, Final, NamedTuple

from seatrial.sim.errors import HarnessError
from seatrial.sim.rebinding import Rebinding, SharedRebinding

SOCKET: Final = (
    "partners answer in memory here: ask them by httpx or requests, give another client an in-memory transport "
    "(transport=..., or respx), or run the scenario on the wire"
)
SERVE: Final = "webhooks come in memory here: give the app to sea.webhooks, or run the scenario on the wire"
THREAD: Final = "a thread has no virtual time: from asynchronous code have asyncio.to_thread call the function"
PROCESS: Final = "a subprocess has no virtual time: start it before the run, or run the scenario on the wire"
SLEEP: Final = "it would stop the whole run in real time: await asyncio.sleep(seconds)"
BLOCK: Final = "nobody else runs while it blocks: await an asyncio.Event, asyncio.Queue or asyncio.Lock"
EXIT: Final = "it would end the harness as well: raise an error, or have a fault crash the integration"
ALARM: Final = "it rings in real time: wait within asyncio.timeout, or give the client a timeout"
WATCH: Final = "there are no files or signals to wait for in virtual time: install it before the run"


class LeftVirtualTime(HarnessError):
    """Code inside a virtual run called something that only real time can finish.

    `call` names what was called, `way_out` what to do instead, `place` where; empty: nobody can tell.
    """

    def __init__(self, call: str, way_out: str, place: str = "") -> None:
        self.call = call
        self.way_out = way_out
        self.place = place
        super().__init__(f"{call} leaves virtual time · {way_out}" + (f" · at {place}" if place else ""))


def _loop_fence(call: str, way_out: str) -> Any:
    """A method of the loop that only fails."""

    def fence(self: FencedLoop, *args: object, **options: object) -> Any:
        raise self.fence_hit(f"loop.{call}", way_out)

    fence.__name__ = call
    fence.__doc__ = f"Always raises LeftVirtualTime: {way_out}."
    return fence


class FencedLoop(asyncio.AbstractEventLoop):
    """An event loop without sockets, pipes, subprocesses and signals. Raises LeftVirtualTime for each.

    `left` keeps the first fence that was hit, because the code under test may swallow or rename what it is raised.
    """

    left: LeftVirtualTime | None = None
    instead: Mapping[str, Callable[..., Any]] = MappingProxyType({})
    """What code that may wait without awaiting does in the place of `SLEEPING` and `WAITING`; it gives NotImplemented
    where it may not.
    """
    aside: Callable[..., Coroutine[Any, Any, Any]] | None = None
    """How a function of an executor is called; None: at once, in this thread."""

    def fence_hit(self, call: str, way_out: str) -> LeftVirtualTime:
        """The error to raise, remembered if it is the first."""
        error = LeftVirtualTime(call, way_out)
        self.left = self.left or error
        return error

    create_connection: Any = _loop_fence("create_connection", SOCKET)
    create_server: Any = _loop_fence("create_server", SERVE)
    create_unix_connection: Any = _loop_fence("create_unix_connection", SOCKET)
    create_unix_server: Any = _loop_fence("create_unix_server", SERVE)
    create_datagram_endpoint: Any = _loop_fence("create_datagram_endpoint", SOCKET)
    connect_accepted_socket: Any = _loop_fence("connect_accepted_socket", SERVE)
    start_tls: Any = _loop_fence("start_tls", SOCKET)
    sendfile: Any = _loop_fence("sendfile", SOCKET)
    getaddrinfo: Any = _loop_fence("getaddrinfo", SOCKET)
    getnameinfo: Any = _loop_fence("getnameinfo", SOCKET)
    sock_accept: Any = _loop_fence("sock_accept", SOCKET)
    sock_connect: Any = _loop_fence("sock_connect", SOCKET)
    sock_recv: Any = _loop_fence("sock_recv", SOCKET)
    sock_recv_into: Any = _loop_fence("sock_recv_into", SOCKET)
    sock_recvfrom: Any = _loop_fence("sock_recvfrom", SOCKET)
    sock_recvfrom_into: Any = _loop_fence("sock_recvfrom_into", SOCKET)
    sock_sendall: Any = _loop_fence("sock_sendall", SOCKET)
    sock_sendto: Any = _loop_fence("sock_sendto", SOCKET)
    sock_sendfile: Any = _loop_fence("sock_sendfile", SOCKET)
    connect_read_pipe: Any = _loop_fence("connect_read_pipe", PROCESS)
    connect_write_pipe: Any = _loop_fence("connect_write_pipe", PROCESS)
    subprocess_exec: Any = _loop_fence("subprocess_exec", PROCESS)
    subprocess_shell: Any = _loop_fence("subprocess_shell", PROCESS)
    add_reader: Any = _loop_fence("add_reader", WATCH)
    remove_reader: Any = _loop_fence("remove_reader", WATCH)
    add_writer: Any = _loop_fence("add_writer", WATCH)
    remove_writer: Any = _loop_fence("remove_writer", WATCH)
    add_signal_handler: Any = _loop_fence("add_signal_handler", WATCH)
    remove_signal_handler: Any = _loop_fence("remove_signal_handler", WATCH)


SLEEPING: Final = "time.sleep"
WAITING: Final = "a blocking wait (threading.Condition.wait)"
END: Final = os._exit
"""Ends this process at once, also within a run, where the name in `os` leads to a fence."""


def _never(*_: object, **__: object) -> bool:
    return False


def _is_peek(_: object, timeout: float | None = None) -> bool:
    """Whether a wait only looks: thread pools do."""
    return timeout is not None and timeout <= 0


def is_import(*_: object, **__: object) -> bool:
    """Whether a module is being imported, which is no part of a run: some ask the system where a library lies."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and not (frame.f_code.co_name == "exec_module" and "importlib" in frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None


def _is_for_another(process: int, number: int) -> bool:
    """Whether a signal goes to another process, or only asks whether there is one."""
    return number == 0 or process not in (0, -1, os.getpid(), -getattr(os, "getpgrp", os.getpid)())


def _is_for_others(group: int, number: int) -> bool:
    """The same of a group of processes."""
    return number == 0 or group not in (0, os.getpgrp())


def _is_switched_off(*args: object) -> bool:
    """Whether an alarm is taken back: that it rings once is no zero of this kind."""
    return args[:2][-1:] == (0,)


def _is_own_name(name: object) -> bool:
    """Whether a machine asks for itself, which needs nobody on the network."""
    return name in (socket.gethostname(), "localhost", "127.0.0.1", "::1")


def _has_no_address(_: object, *args: object) -> bool:
    """Whether a message goes where its socket is connected to, which was a matter of the connection."""
    return len(args) < _ADDRESSED


_ADDRESSED: Final = 4  # buffers, ancillary data, flags and the address


class _Fence(NamedTuple):
    """One function that leaves virtual time."""

    owner: Any
    name: str
    call: str
    way_out: str
    harmless: Callable[..., bool] = _never


_FENCES: Final = (
    _Fence(time, "sleep", SLEEPING, SLEEP),
    _Fence(threading.Thread, "start", "threading.Thread.start", THREAD),
    _Fence(_thread, "start_new_thread", "_thread.start_new_thread", THREAD),
    _Fence(threading.Condition, "wait", WAITING, BLOCK, _is_peek),
    _Fence(multiprocessing.process.BaseProcess, "start", "multiprocessing.Process.start", PROCESS),
    _Fence(subprocess.Popen, "__init__", "subprocess.Popen", PROCESS, is_import),
    _Fence(os, "system", "os.system", PROCESS),
    *(_Fence(os, name, f"os.{name}", PROCESS) for name in ("execv", "execve", "fork", "forkpty")),
    *(_Fence(os, name, f"os.{name}", PROCESS, is_import) for name in ("posix_spawn", "posix_spawnp")),
    *(_Fence(os, name, f"os.{name}", EXIT) for name in ("_exit", "abort")),
    _Fence(os, "kill", "os.kill", EXIT, _is_for_another),
    _Fence(os, "killpg", "os.killpg", EXIT, _is_for_others),
    _Fence(signal, "raise_signal", "signal.raise_signal", EXIT),
    _Fence(signal, "pthread_kill", "signal.pthread_kill", EXIT, _is_switched_off),
    *(_Fence(signal, name, f"signal.{name}", ALARM, _is_switched_off) for name in ("alarm", "setitimer")),
    _Fence(socket, "getaddrinfo", "socket.getaddrinfo", SOCKET),
    _Fence(socket, "getnameinfo", "socket.getnameinfo", SOCKET),
    *(
        _Fence(socket, name, f"socket.{name}", SOCKET, _is_own_name)
        for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr")
    ),
    _Fence(socket.socket, "connect", "socket.connect", SOCKET),
    _Fence(socket.socket, "connect_ex", "socket.connect_ex", SOCKET),
    _Fence(socket.socket, "bind", "socket.bind", SOCKET, is_import),
    _Fence(socket.socket, "listen", "socket.listen", SERVE),
    _Fence(socket.socket, "sendto", "socket.sendto", SOCKET),
    _Fence(socket.socket, "sendmsg", "socket.sendmsg", SOCKET, _has_no_address),
)
"""Whatever opens in C and is not called by one of these gets past; not every system has each of them."""


@contextmanager
def fenced() -> Iterator[None]:
    """Put up the fences. They stop only code that runs inside a virtual loop, in that loop's thread.

    May be nested; the outermost takes them down.
    """
    with _fences.held():
        yield


def _put_up(rebinding: Rebinding) -> None:
    stand_ins: dict[object, object] = {}
    for fence in _FENCES:
        if hasattr(fence.owner, fence.name):
            real = getattr(fence.owner, fence.name)
            stand_ins[real] = _stand_in(real, fence)
            rebinding.attribute(fence.owner, fence.name, stand_ins[real])
    rebinding.everywhere(stand_ins)


_fences: Final = SharedRebinding(_put_up)


def _stand_in(real: Callable[..., Any], fence: _Fence) -> Callable[..., Any]:
    """The real thing, except inside a virtual run."""

    def stand_in(*args: Any, **options: Any) -> Any:
        loop = asyncio._get_running_loop()
        if isinstance(loop, FencedLoop) and not fence.harmless(*args, **options):
            instead = loop.instead.get(fence.call)
            given = NotImplemented if instead is None else instead(*args, **options)
            if given is NotImplemented:
                raise loop.fence_hit(fence.call, fence.way_out)
            return given
        return real(*args, **options)

    stand_in.__name__ = getattr(real, "__name__", fence.name)
    stand_in.__doc__ = real.__doc__
    return stand_in
