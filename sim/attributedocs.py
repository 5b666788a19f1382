"""Fields in words: the line under each field of a class, its type and its default as a scenario would write them."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from textwrap import dedent
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from seatrial.sim.quantities import PerSecond, Seconds, Share
from seatrial.sim.units import format_duration, format_share

_WORDS: Final[dict[object, str]] = {
    Seconds: "duration",
    Share: "share",
    PerSecond: "rate",
    bool: "yes or no",
    int: "whole number",
    float: "number",
    str: "text",
    NoneType: "nothing",
}


def attribute_docs(holder: type) -> dict[str, str]:
    """The docstring under each field, inherited ones included; fields without one are not there."""
    docs: dict[str, str] = {}
    for each in reversed(holder.__mro__):
        if issubclass(each, msgspec.Struct) and each is not msgspec.Struct:
            docs |= _docs_in(each)
    return docs


def type_text(kind: Any) -> str:
    """A type in words: `duration`, `silence or reset`, `list of duration`."""
    if kind in _WORDS:
        return _WORDS[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(map(_scalar, parts))
    if origin is Annotated:
        return type_text(parts[0])
    if origin in (Union, UnionType):
        return " or ".join(map(type_text, parts))
    if origin in (tuple, list):
        return f"list of {type_text(parts[0])}" if parts else "list"
    if parts:
        return f"table of {type_text(parts[-1])}"
    return getattr(kind, "__name__", str(kind))


def default_text(field: msgspec.structs.FieldInfo) -> str:
    """The default of a field as a scenario would write it."""
    if field.default is msgspec.NODEFAULT:
        made = field.default_factory() if callable(field.default_factory) else ""
        return _scalar(made)
    return _scalar(field.default)


def value_text(value: object) -> str:
    """A value of a field as a scenario would write it."""
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, Seconds):
        return format_duration(value)
    if isinstance(value, Share):
        return format_share(value)
    if isinstance(value, PerSecond):
        return f"{value:g}/s"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_scalar(each)}" for key, each in value.items()) + "}"
    if isinstance(value, msgspec.Struct):
        return _scalar(_filled(value))
    return "none" if value is None else str(value)


def _filled(value: msgspec.Struct) -> dict[str, Any]:
    config = value.__struct_config__
    tag = {config.tag_field: config.tag} if config.tag_field else {}
    return tag | {name: getattr(value, name) for name in value.__struct_fields__}


def _docs_in(holder: type) -> dict[str, str]:
    try:
        source = dedent(inspect.getsource(holder))
    except (OSError, TypeError):
        return {}  # made at a prompt, or shipped without source
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: " ".join(inspect.cleandoc(doc.value.value).split())
        for field, doc in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(doc, ast.Expr)
        and isinstance(doc.value, ast.Constant)
        and isinstance(doc.value.value, str)
    }
