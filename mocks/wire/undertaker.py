"""Sees to it that nothing is left: ends what a harness started once that is gone, however it went.

Run as a program of its own, it reads `+GROUP` and `-GROUP` line by line; at the end of its input, which comes with the
end of the harness even when that was killed, it kills every process group that it still has in its care, and whatever
else bears the mark of the run in its environment: a child that made itself a session of its own is in no group of ours.
Then it removes the folders of `=FOLDER` lines, which hold what was of use to these processes only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

MARK = "SEATRIAL_RUN_MARK"
"""Environment variable by which whatever a run started, and what that started, is known."""
_ROUNDS = 3  # looks for marked processes: one may have been about to start another


class Undertaker:
    """The harness's side; `mark` is a word that no other run has. States: watching, dismissed."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self._program = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, self.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the terminal is not for it
        )

    def keep(self, group: int) -> None:
        """Take a process group into care."""
        self._write(f"+{group}\n")

    def release(self, group: int) -> None:
        """The group is gone, or is to be left alone."""
        self._write(f"-{group}\n")

    def inherit(self, folder: Path) -> None:
        """Take over a temporary folder: it goes when all processes have gone."""
        self._write(f"={folder}\n")

    def dismiss(self) -> None:
        """End it; whatever is still in its care, or bears its mark, is killed, and its folders are removed."""
        if self._program.stdin is not None:
            with suppress(OSError):
                self._program.stdin.close()
        self._program.wait()

    def _write(self, line: str) -> None:
        stream: IO[bytes] | None = self._program.stdin
        assert stream is not None
        with suppress(OSError, ValueError):
            stream.write(line.encode())
            stream.flush()


def watch(lines: IO[str], mark: str) -> None:
    """Keep count of groups and folders; at the end of the input kill and remove what is left."""
    kept: dict[int, None] = {}
    folders: list[str] = []
    for line in lines:
        if line.startswith("+"):
            kept[int(line[1:])] = None
        elif line.startswith("="):
            folders.append(line[1:].rstrip("\n"))
        else:
            kept.pop(int(line[1:]), None)
    for group in kept:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    _kill_marked(mark)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _kill_marked(mark: str) -> None:
    for _ in range(_ROUNDS):
        found = list(marked(mark))
        for process in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        if not found:
            return


def marked(mark: str) -> Iterator[int]:
    """Living processes that have the mark in their environment; none where the system does not tell (no /proc)."""
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)


if __name__ == "__main__":
    watch(sys.stdin, sys.argv[1])
