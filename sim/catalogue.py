"""The catalogue: every extension by its name, ours from its folder, those of other packages from their entry points.

File name = name = what a scenario writes; the class in the file is the name in CamelCase (`lost_reply.py` holds
`LostReply`). Where the standard library has a module of that name the file carries an underscore at its end, which is
no part of the name: `csv_.py` holds `Csv`, the format `csv`. A package adds its own under the entry-point group
`seatrial.<kind>`. Nothing is imported before it is asked for by name.
"""

from __future__ import annotations

import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from seatrial.sim.attributedocs import attribute_docs, default_text, type_text
from seatrial.sim.errors import BadInput, HarnessError, UnknownName

FOLDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "faults": "seatrial.mocks.faults",
        "partners": "seatrial.mocks.partners",
        "integrations": "seatrial.mocks.integrations",
        "measures": "seatrial.reports.measures",
        "formats": "seatrial.reports.formats",
    }
)
"""Each kind of extension and the package of ours that holds it; by name only, for the ground knows nobody of ours."""


_ADDED: Final[dict[str, dict[str, type]]] = {}
"""Classes that this process added itself, by kind and name."""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of an extension, in words."""

    name: str
    """Name as a scenario writes it."""
    type: str
    """What it takes: `duration`, `share`, `rate`, `whole number`, `yes or no`, `text`, or the words to choose from."""
    default: str
    """Value where a scenario says nothing, as a scenario would write it; empty where one must be given."""
    required: bool
    """Whether one must be given."""
    doc: str
    """What it means, with its unit."""


class Description(msgspec.Struct, frozen=True):
    """An extension in words, for help texts, tables and lists."""

    name: str
    """Name as a scenario writes it."""
    summary: str
    """First paragraph of its docstring, on one line."""
    parameters: tuple[Parameter, ...]
    """Its parameters, in the order in which its file has them."""


class Catalogue:
    """All extensions of one kind (`faults`, `partners`, `integrations`, `measures`, `formats`).

    Raises UnknownName for a kind or a name that does not exist, BadInput where two packages claim one name or an
    extension of another package cannot be loaded.
    """

    def __init__(
        self, kind: str, *, package: str = "", others: Callable[[str], Iterable[EntryPoint]] | None = None
    ) -> None:
        """`package` and `others` stand in for our folder and the installed entry points of a group."""
        if kind not in FOLDERS and not package:
            raise UnknownName("unknown kind of extension", value=kind, known=FOLDERS)
        self.kind = kind
        self._package = package or FOLDERS[kind]
        self._others = others or _installed

    def add(self, extension: type) -> str:
        """Make a class known to this process, as if a file held it, and return its name; again in place of itself.

        Raises BadInput for a name that a file or a package has already.
        """
        name, added = snake_case(extension.__name__), _ADDED.setdefault(self.kind, {})
        if name not in added and name in self._sources:
            hint = "call the class something else"
            raise BadInput(f"this {self.kind.removesuffix('s')} is there already", value=name, hint=hint)
        added[name] = extension
        vars(self).pop("_sources", None)
        return name

    def names(self) -> tuple[str, ...]:
        """Every name, in order."""
        return tuple(self._sources)

    def get(self, name: str) -> type:
        """The class of an extension."""
        if self._others is _installed and name not in _ADDED.get(self.kind, ()):
            found = getattr(sys.modules.get(f"{self._package}.{name}"), camel_case(name), None)
            if isinstance(found, type):  # it was asked for before
                return found
        source = self._sources.get(name)
        if source is None:
            raise UnknownName(f"unknown {self.kind.removesuffix('s')}", value=name, known=self._sources)
        if isinstance(source, type):
            return source
        return self._own(source) if isinstance(source, str) else self._foreign(source)

    def describe(self, name: str) -> Description:
        """An extension in words: its parameters are its own fields, or those of its `Settings`."""
        extension = self.get(name)
        summary = " ".join((inspect.getdoc(extension) or "").partition("\n\n")[0].split())
        return Description(name, summary, _parameters(extension))

    @cached_property
    def _sources(self) -> dict[str, str | EntryPoint | type]:
        """Where each extension comes from: a module of ours, an entry point, or this process."""
        folder = import_module(self._package)
        found: dict[str, str | EntryPoint | type] = {
            name.removesuffix("_"): f"{self._package}.{name}"
            for name in _modules(tuple(folder.__path__))
            if not name.startswith("_")
        }
        for point in self._others(f"seatrial.{self.kind}"):
            if found.setdefault(point.name, point) is not point:
                raise self._claimed_twice(point, found[point.name])
        return dict(sorted((found | _ADDED.get(self.kind, {})).items()))

    def _own(self, module: str) -> type:
        name = camel_case(module.rpartition(".")[2])
        found = getattr(import_module(module), name, None)
        if not inspect.isclass(found):
            raise HarnessError(f"{module} holds no class {name!r}: the class is named after its file")
        return found

    def _foreign(self, point: EntryPoint) -> type:
        try:
            found = point.load()
        except (ImportError, AttributeError) as error:
            raise BadInput(f"cannot load {_origin(point)}", value=point.name, hint=str(error)) from error
        if not inspect.isclass(found):
            raise BadInput(f"{_origin(point)} is not a class", value=point.name, hint="name the class itself")
        return found

    def _claimed_twice(self, point: EntryPoint, other: str | EntryPoint | type) -> BadInput:
        both = f"{_origin(other) if isinstance(other, EntryPoint) else other} and {_origin(point)}"
        what = f"two {self.kind} have one name"
        return BadInput(what, value=point.name, hint=f"{both}: rename or uninstall the second")


def camel_case(name: str) -> str:
    """`lost_reply` as a class is called: `LostReply`."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def snake_case(name: str) -> str:
    """`LostReply` as a scenario writes it: `lost_reply`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _modules(path: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the modules in folders; a folder is listed anew when its entries have changed."""
    return _listed(path, tuple(_changed(folder) for folder in path))


def _changed(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _listed(path: tuple[str, ...], _changed: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules(path))


def _installed(group: str) -> Iterable[EntryPoint]:
    return _announced(group, tuple(sys.path))


@cache
def _announced(group: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """What all packages on the path of imports say of themselves: to read it takes as long as a tenth of a short run.

    Two installations of one package may repeat an entry point; what is the same is told once.
    """
    return tuple({(point.name, point.value): point for point in entry_points(group=group)}.values())


def _origin(point: EntryPoint) -> str:
    package = point.dist.name if point.dist else "an unknown package"
    return f"{point.value} of {package}"


def _parameters(extension: type) -> tuple[Parameter, ...]:
    holder = extension if issubclass(extension, msgspec.Struct) else getattr(extension, "Settings", None)
    if not (inspect.isclass(holder) and issubclass(holder, msgspec.Struct)):
        return ()
    docs = attribute_docs(holder)
    return tuple(
        Parameter(
            field.encode_name,
            type_text(field.type),
            "" if field.required else default_text(field),
            field.required,
            docs.get(field.name, ""),
        )
        for field in msgspec.structs.fields(holder)
    )
