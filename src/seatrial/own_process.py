"""What a process that we start has around it: no signal to stop, a log for what it prints, its share of the cores."""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from seatrial.mocks.wire.child import ending
from seatrial.sim.errors import Elsewhere
from seatrial.stop_signals import stop_signals

_THREADS: Final = "POLARS_MAX_THREADS"
"""Each process has its cores; a library that takes all of them would only stand in the way of the others."""
_TAIL: Final = 300
"""Letters of what a dead process said last."""
_MARK: Final = "SEATRIAL_OTHER_PROCESS"
"""Environment of a process that does a part of what somebody asked for in another one."""


def started(context: SpawnContext, target: Callable[..., object], *args: Any, name: str, threads: int) -> BaseProcess:
    """A process that is under way, and ends with us; it is not told to stop: we are, and decide."""
    process = context.Process(target=target, args=args, daemon=True, name=name)
    with unheard(*stop_signals()), _environment(_THREADS, str(threads)), _environment(_MARK, "1"):
        process.start()
    atexit.register(_end, process)  # it would not hear the SIGTERM that it is sent when we end
    return process


def marked(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process that does a part of what was asked for in this one."""
    return {**environment, _MARK: "1"}


def refuse_elsewhere() -> None:
    """Raise Elsewhere in such a process: it imports a script only to find a function in it, and not to run it again."""
    if _MARK in os.environ:
        raise Elsewhere(
            'this runs while another process looks for the code under test · put it under `if __name__ == "__main__":`'
        )


def redirect(log: str) -> None:
    """What code under test prints would tear the picture of whoever draws it: it goes into a file."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def obituary(process: BaseProcess, log: Path) -> str:
    """How a process that does not answer any more died, and what it said last."""
    process.join(1.0)
    code = process.exitcode
    how = ending(code) if code is not None else "closed its pipe"
    memory = ": out of memory?" if code == -signal.SIGKILL else ""
    said = _last_words(log)
    return f"{how}{memory}" + (f" · it said last: {said}" if said else "")


def _end(process: BaseProcess) -> None:
    with suppress(ValueError):  # closed
        process.kill()


def _last_words(log: Path) -> str:
    """What a process said last; of the interpreter's own farewell the beginning; empty: nothing."""
    if not log.exists():
        return ""
    said = log.read_text(encoding="utf-8", errors="replace")
    fatal = said.rfind("Fatal Python error")
    tail = said[fatal:][:_TAIL] if fatal >= 0 else said.strip()[-_TAIL:]
    return " ".join(tail.split())


@contextmanager
def unheard(*signals: signal.Signals) -> Iterator[None]:
    """Who is started in here does not hear Ctrl-C, or these."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # the first process starts it, and it would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals or {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Whoever is started in here has it in its environment, unless somebody has set it."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
