"""The guest's front door: the function that is named, found and looked at before anything runs."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, Final

import msgspec

from seatrial.mocks.guests.extra import check_extra
from seatrial.mocks.guests.greenlets import check_greenlets
from seatrial.mocks.guests.owncode import own
from seatrial.mocks.guests.watchdog import guarded
from seatrial.sim.errors import BadInput, Elsewhere, UnknownName
from seatrial.sim.lastwords import said
from seatrial.sim.rebinding import Rebinding, SharedRebinding

PATIENCE: Final = 60.0
"""Real seconds that an import may take."""
_FILES: dict[Path, tuple[int, ModuleType]] = {}
"""Modules by their file, with when that was changed last: a run does not execute them again, as an import would not."""
Under = str | Callable[..., Any]
"""An integration under test: a name of the catalogue, `package.module:function`, `file.py:function`, or a function."""


class Entry(msgspec.Struct, frozen=True):
    """The function that is the integration."""

    name: str
    """How it is called in reports: what was asked for, or module and function."""
    function: Callable[..., Any]
    """Takes a `Sea`, or nothing; async or not."""
    wants_sea: bool
    """Whether it takes the sea."""
    again: str = ""
    """How another process finds it; empty: it cannot."""
    file: str = ""
    """Where a program of it would be started; empty: nobody can tell."""


def is_entry(integration: Under) -> bool:
    """Whether this is code of others, and no name of the catalogue."""
    return not isinstance(integration, str) or ":" in integration


def name_of(integration: Under) -> str:
    """How an integration is called in reports and commands."""
    if isinstance(integration, str):
        return integration
    module = getattr(integration, "__module__", type(integration).__module__)
    return f"{module}:{getattr(integration, '__qualname__', type(integration).__qualname__)}"


def entry_of(integration: Under) -> Entry:
    """Find the function. Raises BadInput, and UnknownName for a module or function that is not there."""
    check_extra()
    function = _found(integration) if isinstance(integration, str) else integration
    name = name_of(integration)
    if not callable(function):
        raise BadInput("the integration is no function", value=name, hint="name a function: package.module:function")
    if not is_async(function):
        check_greenlets(name)
    wants_sea = _wants_sea(name, function)
    return Entry(name, function, wants_sea, _again(integration, function), _file_of(integration, function))


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine: a function, or an object with such a `__call__`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def is_generator(function: Callable[..., Any]) -> bool:
    """Whether calling it runs nothing yet, and gives what would have to be iterated."""
    called = (function, type(function).__call__)
    return any(inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each) for each in called)


def _found(written: str) -> object:
    module_name, _, attribute = written.rpartition(":")
    if not module_name or not attribute:
        raise BadInput("no integration", value=written, hint="write package.module:function or file.py:function")
    with guarded(lambda: 0.0, PATIENCE, partial(_endless, module_name)), _letting_go():
        found: object = _file(module_name) if module_name.endswith(".py") else _module(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = sorted(name for name, value in vars(found).items() if callable(value) and not name.startswith("_"))
            raise UnknownName(f"{module_name} has no such function", value=attribute, known=known)
        found = getattr(found, part)
    return found


@contextmanager
def _letting_go() -> Iterator[None]:
    """No thread that this one begins meanwhile holds the process at its end: a library may begin one by the way."""
    importing = threading.get_ident()
    with _begins_bound():
        _importing.append(importing)
        try:
            yield
        finally:
            _importing.remove(importing)


_importing: Final[list[int]] = []
"""Threads that import code of others."""


def _bind(rebinding: Rebinding) -> None:
    begin = threading.Thread.start

    def begun(thread: threading.Thread) -> None:
        if thread.ident is None and threading.get_ident() in _importing:
            thread.daemon = True
        begin(thread)

    rebinding.attribute(threading.Thread, "start", begun)


_begins_bound: Final = SharedRebinding(_bind).held


def _module(name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return import_module(name)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        hint = f"{error}; run from the folder that holds it, or install it"
        raise BadInput("the integration's module cannot be imported", value=name, hint=hint) from error
    except BaseException as error:
        raise _broken(name, error) from error


def _file(path: str) -> ModuleType:
    place = Path(path).resolve()
    if not place.is_file():
        raise BadInput("no such file", value=path, hint="name the file of the integration: file.py:function")
    known, stamp = _FILES.get(place), place.stat().st_mtime_ns
    if known is not None and known[0] == stamp:
        return known[1]
    name = f"seatrial_guest_{place.stem}"
    spec = spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise BadInput("no Python file", value=path, hint="name the file of the integration: file.py:function")
    module = module_from_spec(spec)
    sys.modules[name] = module  # what it defines can be found by its own name, as msgspec and pickle want it
    if str(place.parent) not in sys.path:
        sys.path.insert(0, str(place.parent))
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except Elsewhere:
        pass  # a script that goes on to run what it has defined: the function is there by then
    except BaseException as error:
        raise _broken(path, error) from error
    _FILES[place] = (stamp, module)
    return module


def _broken(name: str, error: BaseException) -> BadInput:
    """Why an import came to nothing, with the last line of the user's own."""
    if isinstance(error, SyntaxError):
        return BadInput("not Python", value=name, hint=f"{error.msg}, at {error.filename}:{error.lineno}")
    frames = extract_tb(error.__traceback__)
    at = "".join(f", at {frame.filename}:{frame.lineno}" for frame in (own(frames) or frames)[-1:])
    if isinstance(error, SystemExit):
        what = f"the integration's module calls sys.exit({error.code!r}) when it is imported"
        return BadInput(what, value=name, hint=f'put it under `if __name__ == "__main__":`{at}')
    return BadInput("the integration's module fails when it is imported", value=name, hint=f"{said(error)}{at}")


def _endless(name: str, where: str, patience: float) -> str:
    return (
        f"the integration's module comes to no end when it is imported: {name!r} · after {patience:g} real seconds it "
        f'stood in {where} · put what goes on into the function, or under `if __name__ == "__main__":`'
    )


def _wants_sea(name: str, function: Callable[..., Any]) -> bool:
    """Whether it takes the sea: as the one argument that it needs, as `sea`, or among any.

    Raises BadInput for more, or for what would give a generator.
    """
    if is_generator(function):
        raise BadInput("the integration is a generator", value=name, hint="write a function, async or not")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    by_place = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    needed = [each for each in parameters if each.default is each.empty and each.kind not in _VARIABLE]
    if len(needed) > 1 or (needed and needed[0] not in by_place):
        hint = "it is called with the sea, or with nothing"
        known = [each.name for each in needed]
        raise BadInput("the integration wants more than there is", value=f"{name}({', '.join(known)})", hint=hint)
    named = bool(by_place) and by_place[0].name == _SEA
    anything = not by_place and any(each.kind is each.VAR_POSITIONAL for each in parameters)
    return bool(needed) or named or (anything and not _is_object(function))


def _is_object(function: Callable[..., Any]) -> bool:
    """Whether it is an object that can be called, such as a command of click, which takes what it is typed."""
    return not (inspect.isroutine(function) or inspect.isclass(function) or hasattr(function, "func"))


_SEA = "sea"
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _again(integration: Under, function: Callable[..., Any]) -> str:
    """How another process finds the same function."""
    if isinstance(integration, str):
        return integration
    inner = inspect.unwrap(function)  # what a decorator has wrapped tells where it was written
    name, code = getattr(function, "__qualname__", ""), getattr(inner, "__code__", None)
    if code is None or "<" in name or inspect.ismethod(function):
        return ""
    return f"{code.co_filename}:{name}"


def _file_of(integration: Under, function: Callable[..., Any]) -> str:
    """The file with the function: the same in every process."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if not isinstance(integration, str):
        return str(Path(code.co_filename).resolve()) if code is not None else ""
    name = integration.rpartition(":")[0]
    place = name if name.endswith(".py") else getattr(sys.modules.get(name), "__file__", None)
    return str(Path(place).resolve()) if place else ""
