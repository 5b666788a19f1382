"""JSON Schema of the structs that a scenario is made of.

Written here and not by msgspec's own generator, because that cannot write a default that is a duration, a rate or a
share, and knows nothing of the line under each field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import msgspec

from seatrial.sim.attributedocs import attribute_docs, default_text
from seatrial.sim.quantities import PerSecond, Seconds, Share, quantity_schema

Json: TypeAlias = dict[str, Any]
"""A piece of JSON Schema."""
DEFINITIONS: Final = "#/definitions/"
_NUMBER_AND_UNIT: Final = r"^\s*[0-9.]+\s*[A-Za-zµμ]"
_QUANTITIES: Final[Mapping[type, Json]] = {
    Seconds: {"type": ["string", "integer"], "pattern": _NUMBER_AND_UNIT, "minimum": 0, "maximum": 0},
    PerSecond: {"type": "string", "pattern": r"^\s*[0-9.]+\s*([A-Za-z]+\s*)?(/|\s*per\s)"},
    Share: {"type": ["string", "number"], "pattern": r"^\s*[0-9.]+\s*%?\s*$", "minimum": 0, "maximum": 1},
}
_SCALARS: Final[Mapping[object, Json]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    datetime: {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}", "examples": ["2011-12-01 00:00:00"]},
}


class SchemaWriter:
    """Writes each struct once, under its name, and refers to it; `definitions` holds what was written.

    With `change` a struct is one that is laid over another: nothing in it must be given.
    """

    def __init__(self, definitions: Json, *, change: bool = False) -> None:
        self.definitions = definitions
        self._change = change
        self._names: dict[type, str] = {}

    def of(self, kind: Any) -> Json:
        """The schema of a type."""
        origin, parts = get_origin(kind), get_args(kind)
        if kind in _QUANTITIES:
            return quantity_schema(kind) | _QUANTITIES[kind]
        if kind in _SCALARS:
            return dict(_SCALARS[kind])
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._reference(kind)
        if origin is Annotated:
            return self.of(parts[0]) | _bounds(parts[1:])
        if origin is Literal:
            return {"enum": list(parts)}
        if origin in (Union, UnionType):
            return {"anyOf": [self.of(part) for part in parts]}
        if origin in (tuple, list):
            return self._list(parts)
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(parts[1])}
        return {}

    def _list(self, parts: Sequence[Any]) -> Json:
        if len(parts) == 2 and parts[1] is not Ellipsis:
            items = [self.of(part) for part in parts]
            return {"type": "array", "items": items, "minItems": len(parts), "maxItems": len(parts)}
        return {"type": "array", "items": self.of(parts[0])}

    def _reference(self, kind: type[msgspec.Struct]) -> Json:
        if kind not in self._names:
            name = self._names[kind] = self._free_name(kind)
            self.definitions[name] = {}  # the name is taken, should the struct hold itself
            self.definitions[name] = self._struct(kind)
        return {"$ref": DEFINITIONS + self._names[kind]}

    def _free_name(self, kind: type) -> str:
        name = ("Change." if self._change else "") + kind.__name__
        return name if name not in self.definitions else f"{name}.{kind.__module__.rpartition('.')[2]}"

    def _struct(self, kind: type[msgspec.Struct]) -> Json:
        config, docs = kind.__struct_config__, attribute_docs(kind)
        fields = msgspec.structs.fields(kind)
        properties = {field.encode_name: self._field(field, docs.get(field.name, "")) for field in fields}
        required = [field.encode_name for field in fields if field.required]
        if config.tag_field:
            properties = {config.tag_field: {"const": config.tag}} | properties
            required = [config.tag_field, *required]
        schema: Json = {"type": "object", "description": (kind.__doc__ or "").partition("\n")[0]}
        schema |= {"properties": properties, "additionalProperties": not config.forbid_unknown_fields}
        return schema if self._change or not required else schema | {"required": required}

    def _field(self, field: msgspec.structs.FieldInfo, doc: str) -> Json:
        schema = self.of(field.type)
        # Beside a reference draft 7 reads nothing else.
        schema = {"allOf": [schema]} if "$ref" in schema else schema
        told = {"description": doc} if doc else {}
        return schema | told | _default(field)


def _bounds(marks: Sequence[object]) -> Json:
    """The least and the most that a number may be."""
    known = {"minimum": "ge", "maximum": "le"}
    found = {word: getattr(mark, name, None) for mark in marks for word, name in known.items()}
    return {word: bound for word, bound in found.items() if bound is not None}


def _default(field: msgspec.structs.FieldInfo) -> Json:
    """What a scenario gets that does not say; only where it can be written as people write it."""
    value = field.default
    if value is msgspec.NODEFAULT or (isinstance(value, float) and not math.isfinite(value)):
        return {}
    if isinstance(value, Seconds | PerSecond | Share):
        return {"default": default_text(field)}
    return {"default": value} if isinstance(value, str | int | float) else {}
