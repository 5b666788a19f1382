"""Folders of guests, and what of them processes that are gone have left behind.

A process that is ended by the watchdog, or killed, removes nothing. So each folder is locked by its process, and the
first run of the next one removes those that nobody holds: a lock ends with its process, which a number of a process
does not tell for sure.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

PREFIX: Final = "seatrial-guest-"
"""How their names begin."""
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def guest_folder() -> Iterator[Path]:
    """A temporary folder of this process, gone at the end; where it is the first one, what others left is gone, too."""
    _clear_once(Path(tempfile.gettempdir()))
    while True:
        with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with held(folder, wait=True):
                if folder.is_dir():  # else somebody took it, who looked before it was locked
                    yield folder
                    return


def clear(place: Path) -> None:
    """Remove the folders of guests in a place that no process holds; links and files are none."""
    for folder in place.glob(f"{PREFIX}*"):
        with held(folder, wait=False) as is_ours:
            if is_ours:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Lock a folder, and give whether that was done: not where somebody has it, it is none, or there are no locks."""
    try:
        opened = os.open(folder, _FOLDER)
    except OSError:  # gone, somebody else's, a link, or a system that opens no folders
        yield False
        return
    try:
        yield _locked(opened, wait)
    finally:
        os.close(opened)


def _locked(opened: int, wait: bool) -> bool:
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@cache
def _clear_once(place: Path) -> None:
    """A search has thousands of runs: what others leave meanwhile waits for the next process."""
    clear(place)
