"""How records are written down: as MessagePack with the name of their type, also inside fields that hold any type."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

import msgspec

from seatrial.mocks.middleware import files
from seatrial.sim.errors import BadInput
from seatrial.sim.store import Record

_MESSAGES: Final = "seatrial.mocks.messages"


class Written(NamedTuple):
    """A record as bytes."""

    kind: str
    """Name of its type: file and class, such as `files.OrderFile`."""
    body: bytes
    """Its fields, in MessagePack, which knows every float."""


class UnreadableRecord(BadInput):
    """What lies in a store or on a bus is no record of this version: it is broken, or another version wrote it."""


class _Enclosed(msgspec.Struct, frozen=True):
    """A document in a field that may hold any."""

    kind: str
    body: msgspec.Raw


class _Shape(NamedTuple):
    """How records of one type are written: as they are, or with the documents of their open fields enclosed."""

    kind: type[Record]
    name: str
    open: tuple[str, ...]
    stored: type[msgspec.Struct]


def write_record(record: Record) -> Written:
    """The record as bytes. Raises UnreadableRecord for a type that cannot be read again."""
    shape = _shapes().get(type(record))
    if shape is None:
        raise UnreadableRecord("no record of a store", value=type(record).__name__, known=sorted(_kinds()))
    if not shape.open:
        return Written(shape.name, msgspec.msgpack.encode(record))
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    fields.update({name: _enclose(fields[name]) for name in shape.open})
    return Written(shape.name, msgspec.msgpack.encode(shape.stored(**fields)))


def read_record(kind: str, body: bytes) -> Record:
    """The record that was written. Raises UnreadableRecord."""
    known = _kinds().get(kind)
    if known is None:
        raise UnreadableRecord(
            "a record of an unknown type", value=kind, hint="another version wrote it: begin with an empty store"
        )
    shape = _shapes()[known]
    try:
        stored = msgspec.msgpack.decode(body, type=shape.stored)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        hint = f"{error}; it is broken or another version wrote it: begin with an empty store"
        raise UnreadableRecord("not a record", value=kind, hint=hint) from error
    if not shape.open:
        return stored
    fields = {name: getattr(stored, name) for name in stored.__struct_fields__}
    for name in shape.open:
        fields[name] = read_record(fields[name].kind, bytes(fields[name].body))
    return shape.kind(**fields)


def _enclose(document: Record) -> _Enclosed:
    kind, body = write_record(document)
    return _Enclosed(kind, msgspec.Raw(body))


@cache
def _kinds() -> dict[str, type[Record]]:
    """Every type that may lie in a store, by its name."""
    return {shape.name: kind for kind, shape in _shapes().items()}


@cache
def _shapes() -> dict[type[Record], _Shape]:
    return {kind: _shape(kind) for kind in _declared()}


def _declared() -> Iterator[type[Record]]:
    """The structs of the integration's files and of all messages, by the modules that declare them."""
    folder = import_module(_MESSAGES)
    names = [files.__name__, *(f"{_MESSAGES}.{module.name}" for module in pkgutil.iter_modules(folder.__path__))]
    for name in names:
        for found in vars(import_module(name)).values():
            if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__module__ == name:
                yield found


def _shape(kind: type[Record]) -> _Shape:
    name = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
    fields = msgspec.structs.fields(kind)
    loose = tuple(field.name for field in fields if field.type is msgspec.Struct)
    if not loose:
        return _Shape(kind, name, (), kind)
    stored: list[tuple[str, Any]] = [(f.name, _Enclosed if f.name in loose else f.type) for f in fields]
    return _Shape(kind, name, loose, msgspec.defstruct(f"Stored{kind.__name__}", stored, frozen=True))
