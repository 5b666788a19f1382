"""Whose code a frame is: the guest's own, a library's, or ours."""

from __future__ import annotations

import inspect
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from traceback import FrameSummary
from typing import Any, Final

from seatrial.sim.deadlock import short_path

_SHOWN: Final = 3
_LIBRARIES: Final = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_FROZEN: Final = "<frozen "  # of the standard library, built into the interpreter
_ROOT: Final = Path(__file__).resolve().parents[2]
_OURS: Final = tuple(_ROOT / name for name in ("sim", "mocks", "src", "scenarios"))
_TYPED: Final = ("<stdin>", "<ipython-input", "<python-input")
"""What a person typed in has no file, and is his all the same."""


def own(frames: Iterable[FrameSummary]) -> list[FrameSummary]:
    """The frames of the guest's own code, whatever the folders above it are called."""
    return [frame for frame in frames if _is_own(frame.filename)]


def not_ours(frames: Iterable[FrameSummary]) -> list[FrameSummary]:
    """The frames of the guest and of its libraries."""
    return [frame for frame in frames if not _is_below(frame.filename, _OURS)]


def written(function: Callable[..., Any]) -> str:
    """Name, file and line of a function of the guest's own; empty: nobody can tell."""
    inner: Any = inspect.unwrap(getattr(function, "func", function))
    code = getattr(inner, "__code__", None) or getattr(type(inner).__call__, "__code__", None)
    if code is None or not _is_own(code.co_filename):
        return ""
    return f"{code.co_name} ({short_path(code.co_filename)}:{code.co_firstlineno})"


def told(frames: Iterable[FrameSummary]) -> str:
    """Function, file and line of the last of these frames, the innermost first."""
    last = list(frames)[-_SHOWN:]
    return " < ".join(f"{each.name} ({short_path(each.filename)}:{each.lineno})" for each in reversed(last))


def placed(frames: Iterable[FrameSummary]) -> str:
    """File and line alone."""
    last = list(frames)[-_SHOWN:]
    return " < ".join(f"{short_path(each.filename)}:{each.lineno}" for each in reversed(last))


def _is_own(filename: str) -> bool:
    """Whether a person wrote it: no frozen module, and no source that a compiled library names and does not bring."""
    if filename.startswith("<"):
        return filename.startswith(_TYPED)
    path = Path(filename)
    return (path.is_absolute() or path.is_file()) and not _is_below(filename, (*_LIBRARIES, *_OURS))


def _is_below(filename: str, folders: Iterable[Path]) -> bool:
    path = Path(filename)
    return filename.startswith(_FROZEN) or any(path.is_relative_to(folder) for folder in folders)
