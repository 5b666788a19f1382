"""A process of ours, with all that it starts: it begins, ends, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

from seatrial.mocks.wire.undertaker import MARK
from seatrial.sim.errors import BadInput, HarnessError

_TERM_WAIT: Final = 5.0
"""Seconds in which a process may end by itself."""
_LAST_BYTES: Final = 8192


class Watcher(Protocol):
    """Who sees to it that no process outlives us, however we end."""

    @property
    def mark(self) -> str:
        """What every process of this run, and whatever it starts, has in its environment."""
        ...

    def keep(self, group: int) -> None:
        """Take a process group into care."""
        ...

    def release(self, group: int) -> None:
        """The group is gone."""
        ...


class Child:
    """One process in a process group of its own, its output in a log file.

    States: not started, running, ended. `ended` is told its exit code, which is negative for a signal, once; where it
    ends because we asked it to, nobody is told. Raises BadInput where it cannot be started, HarnessError where its log
    cannot be written.
    """

    def __init__(self, name: str, argv: Sequence[str], log: Path, watcher: Watcher) -> None:
        self.name = name
        self.log = log
        self._argv = tuple(argv)
        self._watcher = watcher
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._asked = False
        self._frozen = False

    @property
    def running(self) -> bool:
        """Whether it runs, and was not asked to end."""
        return self._process is not None and self._process.returncode is None and not self._asked

    @property
    def code(self) -> int | None:
        """Its exit code, once it has ended."""
        return None if self._process is None else self._process.returncode

    async def start(self, environment: Mapping[str, str], ended: Callable[[int], None]) -> None:
        """Start it, with this environment and no other."""
        with self._opened() as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._argv,
                    env={**environment, MARK: self._watcher.mark},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=asyncio.subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                hint = "give the command that starts the integration after `--`"
                raise BadInput(
                    f"{self.name} cannot be started ({error.strerror})", value=self._argv[0], hint=hint
                ) from error
        self._watcher.keep(self._process.pid)
        self._waiting = asyncio.create_task(self._wait(self._process, ended))

    def kill(self) -> None:
        """End it and all that it started, at once."""
        self._asked = True
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it where it stands."""
        self._frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._frozen = False
        self._signal(signal.SIGCONT)

    async def stop(self) -> None:
        """Ask it to end, then make it; nothing of its group is left."""
        if self._process is None or self._waiting is None:
            return
        self._asked = True
        if self._frozen:
            self.thaw()
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            await asyncio.wait((self._waiting,), timeout=_TERM_WAIT)
            self._signal(signal.SIGKILL)
        await self._waiting

    async def gone(self) -> None:
        """Wait until it has ended."""
        if self._waiting is not None:
            await self._waiting

    def last_words(self, lines: int = 12) -> str:
        """The end of what it printed."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            return "\n".join(log.read(_LAST_BYTES).decode("utf-8", "replace").splitlines()[-lines:])
        return ""

    def _opened(self) -> IO[bytes]:
        try:
            return self.log.open("ab")
        except OSError as error:
            raise HarnessError(f"cannot write {self.log} · {error.strerror} · make room, then run again") from error

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)  # a session of its own: its group has its number

    async def _wait(self, process: asyncio.subprocess.Process, ended: Callable[[int], None]) -> None:
        code = await process.wait()
        self._signal(signal.SIGKILL)  # what it left behind
        self._watcher.release(process.pid)
        if not self._asked:
            ended(code)


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was killed by signal {-code}"
