"""A YAML document that knows on which line each of its values stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from seatrial.scenarios.complaints import Plain, complaint, read_written
from seatrial.sim.errors import BadInput

KindT = TypeVar("KindT")


def read_text(path: Path) -> str:
    """The text of a file. Raises BadInput, with file and line, where it is not readable or not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = f"byte {error.object[error.start]:#04x}"
        raise BadInput("not UTF-8", value=byte, where=f"{path}:{line}", hint="save the file as UTF-8") from error
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(path)) from error


class Document:
    """One file, read. Errors say file, line, value and the nearest known name."""

    def __init__(self, source: str, plain: Plain, lines: Mapping[str, int]) -> None:
        self.source = source
        self.plain = plain
        self.lines = lines
        self._given: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a file. Raises BadInput where it is not readable, not UTF-8, empty or not YAML."""
        return cls.parse(read_text(path), str(path))

    @classmethod
    def parse(cls, text: str, source: str) -> Document:
        """Read a text."""
        node: yaml.Node | None = None
        try:
            node = yaml.compose(text, yaml.SafeLoader)
            plain = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            what = getattr(error, "problem", None) or str(error)
            raise BadInput(f"not YAML: {what}", where=f"{source}{line}") from error
        except RecursionError:
            raise BadInput("not YAML: it is nested too deep", where=source) from None
        except ValueError as error:  # a date such as 2011-02-30
            raise _no_value(node, source, error) from error
        if node is None or not isinstance(plain, dict):
            what = "is empty" if node is None else "holds no mapping"
            raise BadInput(what, where=source, hint="begin with `name: ...`; see `seatrial schema`")
        lines: dict[str, int] = {}
        try:
            _collect(node, "$", lines, source)
        except RecursionError:
            raise BadInput(
                "a value contains itself", where=source, hint="an alias (*) stands inside its anchor (&)"
            ) from None
        return cls(source, plain, lines)

    def give(self, path: str, origin: str) -> None:
        """Remember that a value comes from elsewhere: errors about it name the origin, not a line."""
        self._given[path] = origin

    def where(self, path: str) -> str:
        """File and line of a value; the nearest value around it where it has no line of its own."""
        for given, origin in self._given.items():
            is_part = path.startswith((f"{given}.", f"{given}["))
            is_made_for_it = path not in self.lines and given.startswith((f"{path}.", f"{path}["))
            if path == given or is_part or is_made_for_it:
                return origin
        while path and path not in self.lines:
            path = path.rpartition(".")[0] if path.rfind(".") > path.rfind("[") else path.rpartition("[")[0]
        return f"{self.source}:{self.lines[path]}" if path else self.source

    @contextmanager
    def located(self, path: str) -> Iterator[None]:
        """Errors from inside say where the value at a path stands, or the part of it that they name."""
        try:
            yield
        except BadInput as error:
            raise error.at(self.where(path + error.part)) from error

    def convert(self, plain: Plain, kind: type[KindT], path: str = "$") -> KindT:
        """Turn a part of the document, found at `path`, into a typed value. Raises BadInput."""
        try:
            return msgspec.convert(plain, kind, dec_hook=read_written)
        except msgspec.ValidationError as error:
            raise complaint(error, kind, plain, lambda inner: self.where(path + inner[1:])) from error
        except BadInput as error:  # from a struct that looks at its own values
            raise error.at(self.where(path + _blamed(plain, error))) from error


class Fields(Document):
    """What was said without a file, such as the body of a request: errors name the field."""

    def __init__(self, plain: Mapping[str, Plain]) -> None:
        super().__init__("", dict(plain), {})

    def where(self, path: str) -> str:
        """The field itself."""
        return path.removeprefix("$").removeprefix(".")


def _blamed(plain: Plain, error: BadInput) -> str:
    """The setting that somebody complained about, as the rest of a path: the error begins with its name, or it alone
    holds the value; empty where neither tells.
    """
    named = [path for path, key in _settings(plain) if key == error.what.partition(" ")[0]]
    if len(named) == 1:
        return named[0]
    names = [key for key, held in plain.items() if held == error.value] if isinstance(plain, dict) else []
    return f".{names[0]}" if len(names) == 1 else ""


def _settings(plain: Plain, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and name of every setting of a document."""
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in inner:
        place = f"{path}[{key}]" if isinstance(plain, list) else f"{path}.{key}"
        yield place, str(key)
        yield from _settings(value, place)


def _no_value(node: yaml.Node | None, source: str, error: ValueError) -> BadInput:
    """The scalar that is no value, though it is written like one."""
    loader = yaml.SafeLoader("")
    ahead = [node] if node is not None else []
    seen: set[int] = set()  # a node may hold itself
    while ahead:
        each = ahead.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, yaml.ScalarNode):
            try:
                loader.construct_object(each)
            except ValueError:
                where = f"{source}:{each.start_mark.line + 1}"
                return BadInput(f"not a value: {error}", value=each.value, where=where)
        elif isinstance(each, yaml.MappingNode):
            ahead.extend(part for pair in each.value for part in pair)
        elif isinstance(each, yaml.SequenceNode):
            ahead.extend(each.value)
    return BadInput(f"not YAML: {error}", where=source)


def _collect(node: yaml.Node, path: str, lines: dict[str, int], source: str) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner, line = f"{path}.{key.value}", key.start_mark.line + 1
            if inner in lines:
                hint = f"it stands on line {lines[inner]} already; the two would hide each other"
                raise BadInput("written twice", value=key.value, where=f"{source}:{line}", hint=hint)
            lines[inner] = line
            _collect(value, inner, lines, source)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, f"{path}[{index}]", lines, source)
