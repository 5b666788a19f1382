"""The code of a guest, as a digest: a run of other code is another run, though the integration's name is the same."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from seatrial.mocks.guests.entry import Under, entry_of, is_entry

_KEPT: Final = 64


def code_here(integration: Under) -> str:
    """SHA-256 of a guest's code as it lies there now: its file and those beside it, or all of its package; empty for a
    name of the catalogue, and for what has no file.
    """
    return _digest(entry_of(integration).function) if is_entry(integration) else ""


def code_under_test(integration: Under) -> str:
    """The same as it was when this process first asked: what is edited later is not what sails."""
    return _loaded(entry_of(integration).function) if is_entry(integration) else ""


def _digest(function: Callable[..., Any]) -> str:
    found = hashlib.sha256()
    with suppress(OSError):
        for name, file in _files(function):
            found.update(f"{name}\0{len(data := file.read_bytes())}\0".encode() + data)
        return found.hexdigest()
    return ""


_loaded = lru_cache(_KEPT)(_digest)


def _files(function: Callable[..., Any]) -> Iterator[tuple[str, Path]]:
    """Its files, by names that are the same wherever it is installed."""
    inner = inspect.unwrap(function)
    module = getattr(inner, "__module__", "") or type(inner).__module__
    package = sys.modules.get(module.partition(".")[0])
    folders = [Path(each) for each in getattr(package, "__path__", ())]
    for folder in folders:
        yield from sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*.py"))
    if not folders and (file := getattr(sys.modules.get(module), "__file__", None)):
        yield from sorted((beside.name, beside) for beside in Path(file).parent.glob("*.py"))
