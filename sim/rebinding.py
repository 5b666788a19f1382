"""Stand-ins for things of other modules, put in place for a while and taken out again."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import BuiltinFunctionType, ModuleType
from typing import Any, Final

OWN_TIME: Final = sys.stdlib_module_names | {
    "_pytest",
    "anyio",
    "execnet",
    "hypothesis",
    "pluggy",
    "pytest",
    "rich",
    "seatrial",
    "simpy",
    "xdist",
}
"""Packages whose names are left alone: they drive, time or show the run itself."""


class Rebinding:
    """A set of names bound to stand-ins. States: bound, undone. `undo` restores every name, in reverse order."""

    def __init__(self) -> None:
        self._restore: list[Callable[[], object]] = []

    def attribute(self, owner: Any, name: str, value: object) -> None:
        """Bind one attribute of a module or class."""
        undo = (
            partial(setattr, owner, name, vars(owner)[name]) if name in vars(owner) else partial(delattr, owner, name)
        )
        self._restore.append(undo)
        setattr(owner, name, value)

    def builtin_method(self, owner: type, name: str, value: object) -> None:
        """Bind a method of a type written in C, so that whoever imported the type sees it, and it stays the type."""
        self._restore.append(partial(_set_in_type, owner, name, vars(owner)[name]))
        _set_in_type(owner, name, value)

    def everywhere(self, stand_ins: Mapping[Any, object]) -> None:
        """Bind names that other modules imported (`from time import sleep`) to the stand-in of what they hold."""
        for module, name, held in _held_by_modules():
            stand_in = stand_ins.get(held)
            if stand_in is not None:
                self.attribute(module, name, stand_in)

    def by_name(self, name: str, value: object, real: object) -> None:
        """Bind a function written in Python wherever a module has it by its own name."""
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name) is real:
                self.attribute(module, name, value)

    def undo(self) -> None:
        """Bind every name as it was before."""
        while self._restore:
            self._restore.pop()()


class SharedRebinding:
    """Stand-ins that hold while at least one user is inside, in whatever thread. States: undone, bound."""

    def __init__(self, bind: Callable[[Rebinding], None]) -> None:
        self._bind = bind
        self._lock = threading.Lock()
        self._users = 0
        self._rebinding = Rebinding()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be one of the users."""
        with self._lock:
            if self._users == 0:
                self._bind_all()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._rebinding.undo()

    def _bind_all(self) -> None:
        try:
            self._bind(self._rebinding)
        except BaseException:
            self._rebinding.undo()
            raise


def _set_in_type(owner: type, name: str, value: object) -> None:
    """CPython keeps the methods of a C type in a dict behind a read-only view; its caches have to be told."""
    methods: dict[str, object] = gc.get_referents(vars(owner))[0]
    methods[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


def _held_by_modules() -> Iterator[tuple[ModuleType, str, Any]]:
    """Every function written in C that a module of somebody else holds by name."""
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] in OWN_TIME or not isinstance(module, ModuleType):
            continue
        for name, held in list(vars(module).items()):
            if type(held) is BuiltinFunctionType:  # not isinstance: a run starts with a hundred thousand of these
                yield module, name, held
