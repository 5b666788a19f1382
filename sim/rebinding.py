"""Stand-ins for things of other modules, put in place for a while and taken out again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final

OWN_TIME: Final = frozenset(sys.stdlib_module_names) | {
    "_pytest", "anyio", "execnet", "hypothesis", "pluggy", "pytest", "rich", "seatrial", "simpy", "xdist",
}  # fmt: skip
"""Packages whose own names stay bound to the real clock: they time or drive the run itself."""

_ABSENT: Final = object()


class Rebinding:
    """A set of names bound to stand-ins. States: bound, undone. `undo` restores every name, in reverse order."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, object]] = []

    def attribute(self, owner: Any, name: str, value: object) -> None:
        """Bind one attribute of a module or class."""
        self._before.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, value)

    def everywhere(self, stand_ins: Mapping[Any, object]) -> None:
        """Bind names that other modules imported (`from time import sleep`) to the stand-in of what they hold."""
        for module, name, held in _held_by_modules():
            stand_in = stand_ins.get(held)
            if stand_in is not None:
                self._before.append((module, name, held))
                setattr(module, name, stand_in)

    def undo(self) -> None:
        """Bind every name as it was before."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _held_by_modules() -> Iterator[tuple[ModuleType, str, Any]]:
    """Every function that a module of somebody else holds by name."""
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] in OWN_TIME or not isinstance(module, ModuleType):
            continue
        for name, held in list(vars(module).items()):
            if isinstance(held, BuiltinFunctionType | FunctionType):
                yield module, name, held
