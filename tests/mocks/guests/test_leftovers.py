"""Folders of guests: none stays for longer than until the next run, and none is taken from a process that lives."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from seatrial.mocks.guests import leftovers
from seatrial.mocks.guests.disk import Disk
from seatrial.mocks.guests.leftovers import PREFIX, guest_folder

HELD = """
import os, signal, sys
from pathlib import Path
from seatrial.mocks.guests.disk import Disk
disk = Disk()
with disk.mounted():
    Path(disk.store.removeprefix("sqlite:///")).write_text("orders")
    print("there", flush=True)
    {then}
"""
DEAF = """
import itertools
from seatrial.mocks.guests import watchdog
from seatrial.mocks.guests.disk import Disk
watchdog._BARKS = 1
with Disk().mounted(), watchdog.guarded(lambda: 0.0, 0.2):
    sum(itertools.count())
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of our own, in which nobody has looked yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def folders(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HELD.format(then="os._exit(3)"), 3),
        (HELD.format(then="os.kill(os.getpid(), signal.SIGKILL)"), -signal.SIGKILL),
        (DEAF, -signal.SIGPROF),
    ],
    ids=["by the watchdog", "killed", "by the alarm"],
)
def test_what_a_process_left_the_next_run_removes(text: str, code: int, place: Path) -> None:
    """However the process ended; the folder of the run itself is there meanwhile, and gone after it."""
    assert subprocess.run(program(text), check=False, timeout=60, stdout=subprocess.DEVNULL).returncode == code
    (left,) = folders(place)
    assert left.startswith(PREFIX)
    with Disk().mounted():
        (own,) = folders(place)
        assert own != left
    assert folders(place) == []


def test_nothing_is_taken_from_a_process_that_lives(place: Path) -> None:
    """The folder of a run that goes on stays, with what is in it, in another process as in this one."""
    with subprocess.Popen(
        program(HELD.format(then="sys.stdin.read()")), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "there\n"
        (others,) = folders(place)
        with guest_folder() as own:
            leftovers.clear(place)
            assert folders(place) == sorted([others, own.name])
            assert [path.name for path in (place / others).iterdir()] == ["store.sqlite"]
        other.communicate(timeout=30)
    assert folders(place) == []


def test_what_is_no_folder_of_a_guest_stays(place: Path) -> None:
    """Other names, files and links are somebody else's."""
    (place / "seatrial-run").mkdir()
    (place / f"{PREFIX}file").write_text("mine")
    (place / "kept").mkdir()
    (place / "kept" / "mine").write_text("mine")
    (place / f"{PREFIX}link").symlink_to(place / "kept")
    before = folders(place)
    leftovers.clear(place)
    assert folders(place) == before
    assert (place / "kept" / "mine").exists()


def test_a_folder_that_was_taken_before_it_was_held_is_made_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its making and its lock somebody else may look: who finds it gone has another."""
    held = leftovers.held
    tried: list[Path] = []

    def late(folder: Path, *, wait: bool) -> AbstractContextManager[bool]:
        if wait and not tried:
            tried.append(folder)
            leftovers.clear(place)
        return held(folder, wait=wait)

    monkeypatch.setattr(leftovers, "held", late)
    with guest_folder() as own:
        assert own.is_dir()
        assert not tried[0].exists()
        assert own != tried[0]


def test_a_process_looks_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search has thousands of runs: what others leave meanwhile waits for the next process."""
    looked: list[Path] = []
    monkeypatch.setattr(leftovers, "clear", looked.append)
    for _ in range(3):
        with guest_folder():
            pass
    assert looked == [place]
