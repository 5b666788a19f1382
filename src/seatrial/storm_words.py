"""A storm in the words of a scenario: quantities with their units, defaults left out, short tables on one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import yaml

from seatrial.sim.quantities import PerSecond, Seconds, Share
from seatrial.sim.units import format_duration, format_share

_WIDTH: Final = 120


class Line(dict[str, Any]):
    """A table that stands on one line."""


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their key, as in the library."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """One step to the right."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        """What stands twice is written twice."""
        return True


def _represent_line(dumper: yaml.SafeDumper, line: Line) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", line.items(), flow_style=True)


_Dumper.add_representer(Line, _represent_line)


def write(document: Mapping[str, object]) -> str:
    """A document as YAML."""
    return yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )


def plain(value: object) -> Any:
    """What a person would write for a value of a scenario."""
    if isinstance(value, msgspec.Struct):
        return _fields(value)
    if isinstance(value, Mapping):
        return Line({str(name): plain(each) for name, each in value.items()})
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Share):
        return format_share(value)
    if isinstance(value, PerSecond):
        return f"{value:.12g}/s"
    return format_duration(value) if isinstance(value, Seconds) else value


def _fields(value: msgspec.Struct) -> Line:
    """The fields of a struct that are not their default, under the names that a scenario has for them."""
    config = value.__struct_config__
    told: dict[str, Any] = {config.tag_field: config.tag} if config.tag_field else {}
    for field in msgspec.structs.fields(value):
        held = getattr(value, field.name)
        if held != _default(field):
            told[field.encode_name] = plain(held)
    return Line(told)


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
