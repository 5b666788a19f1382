"""A YAML document that knows on which line each of its values stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import read_quantity

Plain = Any
"""What YAML gives: mappings, lists, texts, numbers. It is typed by `Document.convert` before anybody uses it."""
KindT = TypeVar("KindT")
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
_TAG = re.compile(r"Invalid value '(?P<name>[^']*)'")
_PATH = re.compile(r" - at `(?P<path>\$[^`]*)`$")


class Document:
    """One file, read. Errors say file, line, value and the nearest known name."""

    def __init__(self, source: str, plain: Plain, lines: Mapping[str, int]) -> None:
        self.source = source
        self.plain = plain
        self.lines = lines

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a file. Raises BadInput where it is not readable, not UTF-8, empty or not YAML."""
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BadInput("not UTF-8", where=str(path), hint=f"byte {error.start} cannot be read as text") from error
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror}", where=str(path)) from error
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, source: str) -> Document:
        """Read a text."""
        try:
            node = yaml.compose(text, yaml.SafeLoader)
            plain = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            what = getattr(error, "problem", None) or str(error)
            raise BadInput(f"not YAML: {what}", where=f"{source}{line}") from error
        if not isinstance(plain, dict):
            raise BadInput("holds no mapping", where=source, hint="begin with `name: ...`; see `seatrial schema`")
        lines: dict[str, int] = {}
        _collect(node, "$", lines)
        return cls(source, plain, lines)

    def where(self, path: str) -> str:
        """File and line of a value; the nearest value around it where it has no line of its own."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0] if path.rfind(".") > path.rfind("[") else path.rpartition("[")[0]
        return f"{self.source}:{self.lines[path]}" if path else self.source

    def convert(self, plain: Plain, kind: type[KindT], path: str = "$") -> KindT:
        """Turn a part of the document, found at `path`, into a typed value. Raises BadInput."""
        try:
            return msgspec.convert(plain, kind, dec_hook=read_quantity)
        except msgspec.ValidationError as error:
            raise self._explain(error, kind, path, plain) from error
        except BadInput as error:
            raise error.at(self.where(path)) from error

    def _explain(self, error: msgspec.ValidationError, kind: type, path: str, plain: Plain) -> BadInput:
        text = str(error)
        found = _PATH.search(text)
        inner = found.group("path")[1:] if found else ""
        what = text[: found.start()] if found else text
        place = path + inner
        unknown = _UNKNOWN.search(what)
        if unknown:
            name = unknown.group("name")
            return BadInput(
                "unknown setting", value=name, known=_fields(kind, inner, plain), where=self.where(f"{place}.{name}")
            )
        tag = _TAG.search(what)
        if tag:
            known = _tags(kind, inner)
            return BadInput("unknown kind", value=tag.group("name"), known=known, where=self.where(place))
        value = _value(plain, inner)
        shown = value if isinstance(value, str | int | float) else None
        return BadInput(what, value=shown, where=self.where(place))


def _collect(node: yaml.Node, path: str, lines: dict[str, int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[f"{path}.{key.value}"] = key.start_mark.line + 1
            _collect(value, f"{path}.{key.value}", lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, f"{path}[{index}]", lines)


def _steps(path: str) -> Sequence[str]:
    return [step for step in re.split(r"[.\[\]]", path) if step]


def _value(plain: Plain, path: str) -> Plain:
    for step in _steps(path):
        try:
            plain = plain[int(step)] if isinstance(plain, list) else plain[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return plain


def _structs(kind: Any) -> list[type[msgspec.Struct]]:
    """The structs that a type may mean, through unions and containers."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [struct for part in getattr(kind, "__args__", ()) for struct in _structs(part)]


def _inner(kind: type, path: str) -> list[type[msgspec.Struct]]:
    structs = _structs(kind)
    for step in _steps(path):
        deeper = [
            inner
            for struct in structs
            for field in msgspec.structs.fields(struct)
            if field.encode_name == step
            for inner in _structs(field.type)
        ]
        structs = deeper or structs
    return structs


def _fields(kind: type, path: str, plain: Plain) -> list[str]:
    """Settings that the struct at a path knows; of a union, those of the kind that was chosen."""
    structs = _inner(kind, path)
    value = _value(plain, path)
    chosen = value.get("kind") if isinstance(value, dict) else None
    picked = [each for each in structs if each.__struct_config__.tag == chosen] if chosen else []
    return sorted({field.encode_name for each in picked or structs for field in msgspec.structs.fields(each)})


def _tags(kind: type, path: str) -> list[str]:
    structs = _inner(kind, path.removesuffix(".kind"))
    return sorted({str(each.__struct_config__.tag) for each in structs if each.__struct_config__.tag})
