"""Whose code a line is, wherever somebody keeps it."""

from __future__ import annotations

import asyncio
import traceback
from pathlib import Path
from traceback import FrameSummary

import httpx
import pytest

from seatrial.mocks.guests import guest
from seatrial.mocks.guests.owncode import own, placed


@pytest.mark.parametrize("folder", ["/srv/seatrial/jobs", "/opt/lib/jobs", "/home/asyncio", "/repo/sim", "/repo/mocks"])
def test_code_is_its_owners_whatever_its_folders_are_called(folder: str) -> None:
    """A checkout named `seatrial`, a `lib` above it, a `mocks` beside it: a line in it is shown."""
    frame = FrameSummary(f"{folder}/sync.py", 12, "poll")
    assert own([frame]) == [frame]
    assert placed([frame]) == f"{folder}/sync.py:12"


@pytest.mark.parametrize("name", ["<frozen os>", "<string>", "<attrs generated init x>", "uvloop/loop.pyx"])
def test_what_nobody_can_open_is_nobodys_line(name: str) -> None:
    """Neither a frozen module nor code that was made up nor a source that did not come with its library."""
    assert own([FrameSummary(name, 1, "f")]) == []


def test_what_was_typed_in_is_its_writers() -> None:
    """It has a line and no file."""
    frame = FrameSummary("<stdin>", 1, "f")
    assert own([frame]) == [frame]


@pytest.mark.parametrize("module", [asyncio, traceback, httpx, guest])
def test_libraries_and_the_harness_are_nobodys_bug(module: object) -> None:
    """Neither the standard library nor an installed one nor ours is shown as the place."""
    assert own([FrameSummary(str(Path(str(module.__file__))), 1, "f")]) == []  # type: ignore[attr-defined]
