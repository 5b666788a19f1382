"""Whose code a frame is: the guest's own, a library's, or ours."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable
from pathlib import Path
from traceback import FrameSummary
from typing import Final

from seatrial.sim.deadlock import short_path

_SHOWN: Final = 3
_LIBRARIES: Final = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_FROZEN: Final = "<frozen "  # of the standard library, built into the interpreter
_ROOT: Final = Path(__file__).resolve().parents[2]
_OURS: Final = tuple(_ROOT / name for name in ("sim", "mocks", "src", "scenarios"))


def own(frames: Iterable[FrameSummary]) -> list[FrameSummary]:
    """The frames of the guest's own code, whatever the folders above it are called."""
    return [frame for frame in frames if not _is_below(frame.filename, (*_LIBRARIES, *_OURS))]


def told(frames: Iterable[FrameSummary]) -> str:
    """Function, file and line of the last of these frames, the innermost first."""
    last = list(frames)[-_SHOWN:]
    return " < ".join(f"{each.name} ({short_path(each.filename)}:{each.lineno})" for each in reversed(last))


def placed(frames: Iterable[FrameSummary]) -> str:
    """File and line alone."""
    last = list(frames)[-_SHOWN:]
    return " < ".join(f"{short_path(each.filename)}:{each.lineno}" for each in reversed(last))


def _is_below(filename: str, folders: Iterable[Path]) -> bool:
    path = Path(filename)
    return filename.startswith(_FROZEN) or any(path.is_relative_to(folder) for folder in folders)
